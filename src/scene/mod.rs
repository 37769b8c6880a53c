//! A frame as plain data, read by the painter, the exports and the tests.
