//! Bytes to spans: sources, sniffing, decompression, one file per format, the background job.
