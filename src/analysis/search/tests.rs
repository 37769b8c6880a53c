//! The language: what parses, what does not and where, and that what is written reads back.
//! The evaluation: against an oracle that looks at every span by itself.

use proptest::prelude::*;

use super::query::{Comparison, Expr, Field, Number, Query, Term, TextTest};
use super::samples::{Seed, build, seeds};
use super::{CancelFlag, FIELDS, Hits, Lanes, Pattern, SpanSet, Subject, matching, parse, run};
use crate::analysis::clocks::domains::{self, Domains};
use crate::analysis::genai::{GenAi, Phase};
use crate::load;
use crate::model::*;

fn canonical(text: &str) -> String {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).to_string()
}

#[test]
fn queries_read_and_write_canonically() {
    for (text, expected) in [
        ("", ""),
        ("  ", ""),
        ("chat", "chat"),
        ("  Chat   gpt ", "Chat gpt"),
        ("chat AND gpt", "chat gpt"),
        ("a OR b c", "a OR b c"),
        ("(a OR b) c", "(a OR b) c"),
        ("((a))", "a"),
        ("a (b c)", "a b c"),
        ("--a", "a"),
        ("NOT a", "-a"),
        ("-(a OR b)", "-(a OR b)"),
        ("-(a b)", "-(a b)"),
        ("ERROR Root orphan", "error root orphan"),
        ("\"error\"", "\"error\""),
        ("\"OR\"", "\"OR\""),
        ("or", "or"),
        ("\"two  words\"", "\"two  words\""),
        (r#""a\"b\\c\d""#, r#""a\"b\\c\\d""#),
        ("service:api", "service:api"),
        ("SERVICE:Api", "service:Api"),
        ("clock:phone", "clock:phone"),
        ("LANE:phone", "lane:phone"),
        ("file:rank*", "input:rank*"),
        ("name:\"POST /chat\"", "name:\"POST /chat\""),
        ("name:\"POST /\"*", "name:\"POST /\"*"),
        ("name:a**b", "name:a*b"),
        ("name=a*b", "name=\"a*b\""),
        ("name=\"\"", "name=\"\""),
        ("name:f(x)", "name:\"f(x)\""),
        ("main()", "\"main()\""),
        ("(main())", "\"main()\""),
        ("http://host:80/x", "\"http://host:80/x\""),
        ("12:30", "\"12:30\""),
        ("attr.http.route:/chat", "attr.http.route:/chat"),
        ("attr.\"odd key:\":x", "attr.\"odd key:\":x"),
        ("attr.n>=1e3", "attr.n>=1000"),
        ("attr.n<-0.5", "attr.n<-0.5"),
        ("attr.n=5", "attr.n=5"),
        ("event:exception", "event:exception"),
        ("event.exception.type:Timeout", "event.exception.type:Timeout"),
        ("dur>500ms", "dur>500ms"),
        ("duration<=1.5s", "dur<=1500ms"),
        ("dur=1000us", "dur=1ms"),
        ("dur>0.5µs", "dur>500ns"),
        ("dur>2m", "dur>2min"),
        ("dur>1d", "dur>24h"),
        ("dur<-0ms", "dur<0ns"),
        ("-dur>1s", "-dur>1s"),
        ("kind:serv status:err", "kind:serv status:err"),
        ("flag:\"end missing\"", "flag:\"end missing\""),
    ] {
        assert_eq!(canonical(text), expected, "{text}");
        assert_eq!(canonical(expected), expected, "{expected} again");
    }
}

#[test]
fn errors_point_at_the_place_and_say_what_to_write() {
    for (text, range, needle) in [
        ("servce:api", 0..6, "service:"),
        ("a foo.bar:1", 2..9, "attr.foo.bar:"),
        ("gen_ai.system=x", 0..13, "\"gen_ai.system=...\""),
        ("service:", 8..8, "service:*"),
        ("name=", 5..5, "name=\"\""),
        ("name>5", 4..5, "dur and attr"),
        ("dur>500", 4..7, "unit"),
        ("dur>", 4..4, "500ms"),
        ("dur>fast", 4..8, "500ms"),
        ("dur>1.2.3s", 4..10, "500ms"),
        ("dur>0.1ns", 4..9, "nanosecond"),
        ("dur>300000000000s", 4..17, "292 years"),
        ("dur:500ms", 0..4, "dur>500ms"),
        ("attr.x>abc", 7..10, "attr.x:text"),
        ("attr.x>nan", 7..10, "attr.x>100"),
        ("attr.x", 6..6, "attr.x:*"),
        ("attr.:x", 0..5, "attr.KEY"),
        ("kind:sever", 5..10, "No other value"),
        ("\"abc", 0..4, "\\\""),
        ("a (b", 4..4, "opened at 2"),
        ("a )", 2..3, "Nothing is open"),
        ("()", 1..1, "name:chat"),
        ("-", 1..1, "name:chat"),
        ("a - b", 3..3, "name:chat"),
        ("a OR", 4..4, "name:chat"),
        ("OR a", 0..2, "before and after OR"),
        ("\"\"", 0..2, "Remove the quotes"),
        ("é:x \"", 5..6, "quotes"),
        ("a phase:thinking", 8..16, "No other phase"),
        ("agent:", 6..6, "agent:*"),
        ("agnt:x", 0..4, "agent:"),
    ] {
        let error = parse(text).expect_err(text);
        assert_eq!(error.range, range, "{text}: {error}");
        assert!(error.remedy.contains(needle), "{text}: {error}");
    }
}

#[test]
fn an_error_shows_its_place_below_the_query() {
    let shown = |text: &str| parse(text).unwrap_err().with_place(text);
    assert_eq!(shown("é dur>5"), "expected a duration. Add a unit: ns, us, ms, s, min, h or d.\n  é dur>5\n        ^");
    let unknown = shown("foo:x\tservice:");
    assert!(unknown.ends_with("\n  foo:x service:\n  ^^^"), "{unknown}");
    for field in FIELDS {
        assert!(unknown.contains(field.name), "{} is not among the fields of {unknown}", field.name);
    }
}

#[test]
fn deep_nesting_is_refused_not_followed() {
    let deep = format!("{}a{}", "(".repeat(100_000), ")".repeat(100_000));
    assert_eq!(parse(&deep).unwrap_err().range, 64..65);
    assert_eq!(canonical(&format!("{}a", "-".repeat(100_001))), "-a");
}

#[test]
fn every_example_of_the_help_parses() {
    for field in FIELDS {
        assert!(!parse(field.example).expect(field.example).is_empty());
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ab\"*()\\\\:=<>. -]{1,5}",
        Just("OR".to_owned()),
        Just("error".to_owned()),
        Just("attr.x".to_owned()),
        "\\PC{1,6}",
    ]
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let globs = prop::collection::vec(prop_oneof![text(), Just(String::new())], 2..4);
    prop_oneof![text().prop_map(|text| Pattern::contains(&text)), globs.prop_map(Pattern::from_parts)]
}

fn text_test() -> impl Strategy<Value = TextTest> {
    let exact = prop_oneof![text(), Just(String::new())];
    prop_oneof![pattern().prop_map(TextTest::Matches), exact.prop_map(TextTest::Equals)]
}

fn comparison() -> impl Strategy<Value = Comparison> {
    use Comparison::{AtLeast, AtMost, Greater, Less};
    prop::sample::select(vec![Less, AtMost, Greater, AtLeast])
}

fn term() -> impl Strategy<Value = Term> {
    let field = prop_oneof![
        prop::sample::select(vec![Field::Name, Field::Service, Field::Clock, Field::Scope, Field::Trace, Field::Input]),
        text().prop_map(Field::Attr),
    ];
    let number = any::<f64>().prop_filter_map("finite", Number::from_f64);
    prop_oneof![
        pattern().prop_map(Term::Text),
        (field, text_test()).prop_map(|(field, test)| Term::Field(field, test)),
        text_test().prop_map(Term::Lane),
        text_test().prop_map(Term::Agent),
        prop::sample::select(vec!["queue", "model", "until first"])
            .prop_map(|name| Term::Phase(TextTest::Matches(Pattern::contains(name)))),
        text_test().prop_map(Term::Id),
        text_test().prop_map(Term::Event),
        (text(), text_test()).prop_map(|(key, test)| Term::EventAttr(key, test)),
        (comparison(), any::<i64>()).prop_map(|(comparison, ns)| Term::Duration(comparison, ns)),
        (text(), comparison(), number).prop_map(|(key, comparison, number)| Term::Number(key, comparison, number)),
        Just(Term::Error),
        Just(Term::Root),
        Just(Term::Orphan),
    ]
}

fn expr() -> impl Strategy<Value = Expr> {
    term().prop_map(Expr::Term).prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::all),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::any),
            inner.prop_map(Expr::negated),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back_equal(expr in expr()) {
        let query = Query { expr: Some(expr) };
        let written = query.to_string();
        let read = parse(&written);
        prop_assert_eq!(read.as_ref(), Ok(&query), "{}", written);
    }

    #[test]
    fn any_text_parses_or_fails_inside_of_it(text in "[ab:<>=()\"*\\- .ORdur5s]{0,16}|\\PC{0,12}") {
        match parse(&text) {
            Ok(query) => prop_assert_eq!(parse(&query.to_string()), Ok(query)),
            Err(error) => {
                prop_assert!(error.range.end <= text.len(), "{:?}", error);
                prop_assert!(text.get(error.range.clone()).is_some(), "{:?} splits a character", error);
            }
        }
    }

    #[test]
    fn numbers_compare_exactly(a in any::<i64>(), b in any::<f64>(), c in -1000_i64..1000, d in -1000.0..1000.0) {
        for (int, double) in [(a, b), (c, d), (c, c as f64 + 0.5), (i64::MAX, 9.3e18), (i64::MIN, -9.3e18)] {
            let Some(number) = Number::from_f64(double) else { continue };
            // Doubles as exact fractions: scaled by 2^k, both sides are integers. In range, half steps suffice.
            if double.abs() < 1e6 && (double * 2.0).fract() == 0.0 {
                let exact = (i128::from(int) * 2).cmp(&((double * 2.0) as i128));
                prop_assert_eq!(Number::Int(int).order(number), exact);
            } else if double.abs() >= 2e18 {
                let exact = i128::from(int).cmp(&(double as i128));
                prop_assert_eq!(Number::Int(int).order(number), exact);
            }
            prop_assert_eq!(number.order(Number::Int(int)), Number::Int(int).order(number).reverse());
        }
    }
}

mod oracle {
    //! One span at a time, through the public views, in the plainest words.
    use super::*;

    fn fold(text: &str) -> String {
        text.chars().flat_map(char::to_lowercase).map(|c| if c == 'ς' { 'σ' } else { c }).collect()
    }

    fn glob(pattern: &[&str], text: &str) -> bool {
        match pattern {
            [] => text.is_empty(),
            [only] => text == *only,
            [first, rest @ ..] => text
                .strip_prefix(first)
                .is_some_and(|text| (0..=text.len()).any(|at| text.is_char_boundary(at) && glob(rest, &text[at..]))),
        }
    }

    fn pattern(pattern: &Pattern, text: &str) -> bool {
        let parts: Vec<String> = pattern.parts().iter().map(|part| fold(part)).collect();
        match parts.as_slice() {
            [only] => fold(text).contains(only),
            parts => glob(&parts.iter().map(String::as_str).collect::<Vec<_>>(), &fold(text)),
        }
    }

    fn test(test: &TextTest, text: &str) -> bool {
        match test {
            TextTest::Matches(it) => pattern(it, text),
            TextTest::Equals(it) => it == text,
        }
    }

    pub fn field_text(store: &TraceStore, domains: &Domains, ix: SpanIx, field: &Field) -> Option<String> {
        let span = store.span(ix);
        Some(match field {
            Field::Name => span.name().to_owned(),
            Field::Service => store.find_text(&span.resource().attrs, "service.name")?.to_owned(),
            Field::Clock => domains.of(ix).name.clone(),
            Field::Kind => span.kind().to_string(),
            Field::Status => span.status().to_string(),
            Field::Scope => store.text(span.scope().name).to_owned(),
            Field::Trace => store.trace_id_text(span.trace_id()),
            Field::Input => store.inputs()[span.input_ix().at()].name.clone(),
            Field::Attr(key) => store.value_text(attr(store, ix, key)?),
        })
    }

    fn attr(store: &TraceStore, ix: SpanIx, key: &str) -> Option<Value> {
        let span = store.span(ix);
        let resource = || store.find_attr(&span.resource().attrs, key);
        span.attr(key).or_else(resource).or_else(|| store.find_attr(&span.scope().attrs, key))
    }

    fn says(store: &TraceStore, ix: SpanIx) -> Vec<String> {
        let span = store.span(ix);
        let mut texts = vec![span.name().to_owned(), store.text(span.scope().name).to_owned()];
        texts.extend(span.attrs().map(|attr| store.value_text(attr.value)));
        for event in span.events() {
            texts.push(event.name().to_owned());
            texts.extend(event.attrs().map(|attr| store.value_text(attr.value)));
        }
        texts.extend(span.rare().map(|rare| store.text(rare.status_message).to_owned()));
        for &id in &span.resource().attrs {
            let attr = store.attrs().get(id);
            if !store.text(attr.key).starts_with("telemetry.") {
                texts.push(store.value_text(attr.value));
            }
        }
        texts.retain(|text| !text.is_empty());
        texts
    }

    pub fn holds(store: &TraceStore, domains: &Domains, ix: SpanIx, expr: &Expr) -> bool {
        let term = match expr {
            Expr::And(parts) => return parts.iter().all(|part| holds(store, domains, ix, part)),
            Expr::Or(parts) => return parts.iter().any(|part| holds(store, domains, ix, part)),
            Expr::Not(inner) => return !holds(store, domains, ix, inner),
            Expr::Term(term) => term,
        };
        let span = store.span(ix);
        let missing = span.parent().is_none() && span.flags().has(SpanFlags::PARENT_MISSING);
        match term {
            Term::Text(it) => says(store, ix).iter().any(|text| pattern(it, text)),
            Term::Field(field, it) => {
                let is_value = *field == Field::Clock && test(it, &domains.of(ix).value);
                is_value || field_text(store, domains, ix, field).is_some_and(|text| test(it, &text))
            }
            Term::Lane(it) => test(it, &domains.of(ix).name) || test(it, &domains.of(ix).value),
            Term::Agent(it) => {
                let genai = GenAi::analyse(store);
                genai.agent_of(ix).is_some_and(|agent| test(it, &genai.agents()[agent.at()].name))
            }
            Term::Phase(it) => {
                let genai = GenAi::analyse(store);
                let parts = genai.phases(ix).iter().map(|part| part.phase);
                let phases = parts.chain([genai.phase_of(ix)]).filter(|phase| *phase != Phase::None);
                phases.into_iter().any(|phase| test(it, phase.name()) || test(it, phase.label()))
            }
            Term::Id(it) => test(it, &store.span_id_text(span.id())),
            Term::Event(it) => span.events().any(|event| test(it, event.name())),
            Term::EventAttr(key, it) => span.events().any(|event| {
                event.attrs().any(|attr| store.text(attr.key) == key && test(it, &store.value_text(attr.value)))
            }),
            Term::Flag(it) => {
                crate::model::span::FLAG_NAMES.iter().any(|(flag, name)| span.flags().0 & flag.0 != 0 && test(it, name))
            }
            Term::Duration(comparison, ns) => span.duration_ns().is_some_and(|it| comparison.holds(it.cmp(ns))),
            Term::Number(key, comparison, number) => match attr(store, ix, key) {
                Some(Value::Int(int)) => comparison.holds(Number::Int(int).order(*number)),
                Some(Value::Double(it)) => Number::from_f64(it).is_some_and(|it| comparison.holds(it.order(*number))),
                Some(Value::Str(sym)) => {
                    store.text(sym).parse().is_ok_and(|int| comparison.holds(Number::Int(int).order(*number)))
                }
                _ => false,
            },
            Term::Error => span.status() == Status::Error,
            Term::Root => span.parent().is_none() && !missing,
            Term::Orphan => missing,
        }
    }
}

/// Queries that have something to find in the random stores.
const QUERIES: &[&str] = &[
    "chat",
    "CHAT",
    "ab",
    "σ",
    "οδος",
    "i",
    "k",
    "5",
    "-2.5",
    "true",
    "nan",
    "error",
    "\"error\"",
    "root",
    "orphan",
    "name:chat",
    "name:*chat",
    "name:*",
    "name=\"\"",
    "name=chat",
    "name:p*t",
    "service:api",
    "service:api*",
    "-service:*",
    "lane:node",
    "lane:h-5",
    "kind:server",
    "status:ok OR status:unset",
    "scope:open",
    "scope=x",
    "trace:2",
    "id:*3",
    "id:00",
    "event:timeout",
    "event:*",
    "event.model:*",
    "event.n=5",
    "attr.model:*",
    "attr.model:chat",
    "attr.n:*",
    "attr.n=5",
    "attr.n>4",
    "attr.n<=5",
    "attr.n<0",
    "attr.http.route:a*",
    "attr.none:x",
    "-attr.model:chat",
    "dur>10ns",
    "dur<0ns",
    "-dur>10ns",
    "dur=0ns",
    "flag:missing",
    "flag:\"end before\"",
    "input:rank",
    "opentelemetry",
    "(chat OR api) -error dur>=5ns",
    "-(root OR orphan)",
    "a AND b",
    "*",
    "*o*t*",
    "0000000000000001",
    "00000000000000000000000000000002",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn evaluation_agrees_with_looking_at_every_span(seeds in seeds(), random in expr()) {
        let (store, domains) = build(&seeds);
        let cancel = CancelFlag::new();
        let mut queries: Vec<Query> = QUERIES.iter().map(|text| parse(text).expect(text)).collect();
        queries.push(Query { expr: Some(random) });
        for query in queries {
            let expr = query.expr.as_ref().unwrap();
            let mut expected: Vec<SpanIx> = store.span_ixs().filter(|&ix| oracle::holds(&store, &domains, ix, expr)).collect();
            // Pasted ids are the one thing that free text finds beyond texts.
            match query.to_string().as_str() {
                "0000000000000001" => expected = store.span_ixs().filter(|&ix| {
                    store.span(ix).id() == SpanId::Bytes(1) || store.span(ix).trace_id() == TraceId::Bytes(1)
                }).collect(),
                "00000000000000000000000000000002" => expected = store.span_ixs().filter(|&ix| {
                    store.span(ix).trace_id() == TraceId::Bytes(2)
                }).collect(),
                _ => {}
            }
            let hits = run(&Subject::new(&store, &domains), &query, &cancel).unwrap();
            prop_assert_eq!(hits.set.iter().collect::<Vec<_>>(), expected.clone(), "{}", query);
            expected.sort_by_key(|&ix| (store.span(ix).drawn_ns().0, ix));
            prop_assert_eq!(&hits.by_start, &expected);
            check_steps(&store, &hits)?;
        }
    }
}

fn check_steps(store: &TraceStore, hits: &Hits) -> Result<(), TestCaseError> {
    let mut at = None;
    for &expected in &hits.by_start {
        at = hits.step(store, at, true);
        prop_assert_eq!(at, Some(expected));
    }
    prop_assert_eq!(hits.step(store, at, true), hits.by_start.first().copied());
    let mut at = None;
    for (position, &expected) in hits.by_start.iter().enumerate().rev() {
        at = hits.step(store, at, false);
        prop_assert_eq!(at, Some(expected));
        prop_assert_eq!(hits.position(store, expected), Some(position));
    }
    prop_assert_eq!(hits.step(store, at, false), hits.by_start.last().copied());
    Ok(())
}

/// A span with nothing but a name and a start.
fn plain(start: i64, name: usize) -> Seed {
    Seed {
        name,
        trace: 1,
        parent: 0,
        start,
        end: 60,
        resource: 0,
        attrs: Vec::new(),
        event: None,
        message: 3,
        kind: 0,
        status: 0,
    }
}

#[test]
fn steps_from_a_span_that_is_no_hit_reach_the_next_one() {
    let (store, domains) = build(&[plain(10, 0), plain(20, 2), plain(30, 0), plain(40, 2)]);
    let hits = run(&Subject::new(&store, &domains), &parse("name=invoke_agent").unwrap(), &CancelFlag::new()).unwrap();
    assert_eq!(hits.by_start, [SpanIx(1), SpanIx(3)]);
    assert_eq!(hits.step(&store, Some(SpanIx(2)), true), Some(SpanIx(3)));
    assert_eq!(hits.step(&store, Some(SpanIx(2)), false), Some(SpanIx(1)));
    assert_eq!(hits.step(&store, Some(SpanIx(0)), false), Some(SpanIx(3)));
    assert_eq!(hits.position(&store, SpanIx(2)), None);
}

#[test]
fn lanes_are_found_by_any_text_they_are_known_by() {
    let (store, domains) = build(&[1, 2, 3, 4].map(|start| plain(start, 0)));
    let texts: Vec<Vec<String>> =
        [&["front door", "host.id=gw-1"][..], &["gw-12"]].map(|lane| lane.iter().map(|&it| it.into()).collect()).into();
    let lanes = Lanes { texts: &texts, of_span: &|span| span.at() % 3 };
    let subject = Subject { lanes: Some(lanes), ..Subject::new(&store, &domains) };
    for (text, expected) in [
        ("lane:door", vec![0, 3]),
        ("lane:gw-1", vec![0, 1, 3]),
        ("lane=gw-12", vec![1]),
        ("lane:*", vec![0, 1, 3]),
        ("-lane:gw*", vec![0, 2, 3]),
        ("lane:nowhere", vec![]),
    ] {
        let query = parse(text).unwrap();
        let found = run(&subject, &query, &CancelFlag::new()).unwrap();
        assert_eq!(found.by_start, expected.into_iter().map(SpanIx).collect::<Vec<_>>(), "{text}");
        assert!(query.is_about_lanes() && parse(&format!("a (b OR {text})")).unwrap().is_about_lanes());
    }
    assert!(!parse("clock:gw \"lane:gw\"").unwrap().is_about_lanes());
}

/// Three calls of one agent: its span, the model call, the server's request, and prefill with decoding inside.
#[test]
fn agents_and_phases_are_found() {
    let sample = include_bytes!("../../../sample-traces/decode-in-prefill.otlp.json");
    let source = load::Source::memory("sample", sample.to_vec());
    let store = load::load(&[source], &load::Options::default(), &load::Progress::default()).unwrap().store;
    let domains = domains::assign(&store);
    let genai = GenAi::analyse(&store);
    let read_before = Subject { genai: Some(&genai), ..Subject::new(&store, &domains) };
    for (text, count) in [
        ("agent:concierge", 15),
        ("agent=Concierge", 0),
        ("-agent:*", 0),
        ("phase:agent_work", 3),
        ("phase:\"agent work\"", 3),
        ("phase:decode", 9),
        ("phase:network", 3),
        ("phase:model_call", 6),
        ("phase:tool", 0),
        ("agent:con* phase:decode kind:server", 3),
    ] {
        let query = parse(text).unwrap();
        assert!(query.is_about_ai());
        for subject in [Subject::new(&store, &domains), read_before] {
            assert_eq!(run(&subject, &query, &CancelFlag::new()).unwrap().len(), count, "{text}");
        }
    }
    assert!(!parse("attr.agent:x phase").unwrap().is_about_ai());
}

#[test]
fn a_cancelled_search_has_no_result() {
    let (store, domains) = build(&[]);
    let cancel = CancelFlag::new();
    assert!(run(&Subject::new(&store, &domains), &Query::default(), &cancel).unwrap().is_empty());
    cancel.cancel();
    for text in ["", "chat", "name:x", "attr.model:x", "dur>1s", "id:1", "event:x"] {
        assert_eq!(run(&Subject::new(&store, &domains), &parse(text).unwrap(), &cancel), None, "{text}");
    }
}

#[test]
fn an_empty_query_finds_every_span() {
    let seed = Seed {
        name: 0,
        trace: 1,
        parent: 0,
        start: 1,
        end: 2,
        resource: 0,
        attrs: Vec::new(),
        event: None,
        message: 3,
        kind: 0,
        status: 0,
    };
    let (store, domains) = build(&[seed.clone(), seed]);
    let set = matching(&Subject::new(&store, &domains), &Query::default(), &CancelFlag::new());
    assert_eq!(set, Some(SpanSet::all(store.len())));
}
