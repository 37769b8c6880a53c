//! Who takes part: processes, and the clocks they read.

use super::clock::{Clock, Stamper};
use super::rng::Rng;
use super::span::{Attr, ProcessIx};

/// A process: one OTLP resource.
#[derive(Clone, Debug)]
pub struct Process {
    pub attrs: Vec<Attr>,
    /// Index into [`Cast::clocks`].
    pub clock: usize,
}

/// All clocks and processes of a scenario.
#[derive(Clone, Debug, Default)]
pub struct Cast {
    pub clocks: Vec<Clock>,
    pub processes: Vec<Process>,
    /// When the clocks are off by exactly their offsets, true Unix nanoseconds.
    pub reference_ns: i64,
}

/// The processes that one turn runs through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Roles {
    pub browser: ProcessIx,
    pub gateway: ProcessIx,
    pub planner: ProcessIx,
    pub workers: ProcessIx,
    pub provider: ProcessIx,
    pub store: ProcessIx,
}

/// One machine that runs the planner's pod and the workers' pod.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pods {
    pub planner: ProcessIx,
    pub workers: ProcessIx,
}

impl Cast {
    pub fn new(reference_ns: i64) -> Self {
        Self { reference_ns, ..Self::default() }
    }

    /// The clock of a process.
    pub fn clock_of(&self, process: ProcessIx) -> &Clock {
        &self.clocks[self.processes[process.0 as usize].clock]
    }

    fn add_clock(&mut self, name: String, (key, value): (&'static str, String), stamper: Stamper) -> usize {
        self.clocks.push(Clock {
            name,
            key,
            value,
            offset_ns: 0,
            drift_ppb: 0,
            reference_ns: self.reference_ns,
            stamper,
            steps: Vec::new(),
            slews: Vec::new(),
            unit_ns: 1,
        });
        self.clocks.len() - 1
    }

    fn add_process(&mut self, clock: usize, attrs: Vec<Attr>) -> ProcessIx {
        self.processes.push(Process { attrs, clock });
        ProcessIx((self.processes.len() - 1) as u32)
    }

    /// Sets how wrong the clock of `process` is.
    pub fn skew(&mut self, process: ProcessIx, offset_ns: i64, drift_ppb: i64) {
        let clock = self.clock_of_mut(process);
        (clock.offset_ns, clock.drift_ppb) = (offset_ns, drift_ppb);
    }

    /// The clock of a process, to make it wrong.
    pub fn clock_of_mut(&mut self, process: ProcessIx) -> &mut Clock {
        &mut self.clocks[self.processes[process.0 as usize].clock]
    }

    /// Gives a process a clock of its own while its resource still claims the old one, as two machines that were
    /// cloned with their ids do.
    pub fn clone_clock(&mut self, process: ProcessIx, name: &str) {
        let clock = Clock { name: name.to_owned(), ..self.clock_of(process).clone() };
        self.clocks.push(clock);
        self.processes[process.0 as usize].clock = self.clocks.len() - 1;
    }

    /// A person's browser.
    pub fn browser(&mut self, rng: &mut Rng) -> ProcessIx {
        let device = uuid(rng);
        let clock = self.add_clock("browser".to_owned(), ("device.id", device.clone()), Stamper::Webjs);
        self.add_process(
            clock,
            vec![
                ("service.name", "web-chat".into()),
                ("service.version", "5.12.0".into()),
                ("device.id", device.into()),
                ("session.id", uuid(rng).into()),
                ("browser.brands", (&["Chromium 141", "Google Chrome 141"][..]).into()),
                ("browser.platform", "macOS".into()),
                ("browser.mobile", false.into()),
                ("browser.language", "en-GB".into()),
                ("user_agent.original", USER_AGENT.into()),
                ("telemetry.sdk.language", "webjs".into()),
                ("telemetry.sdk.name", "opentelemetry".into()),
                ("telemetry.sdk.version", "2.1.0".into()),
            ],
        )
    }

    /// The gateway on its own machine.
    pub fn gateway(&mut self, number: u64, rng: &mut Rng) -> ProcessIx {
        let host = hex32(rng);
        let name = format!("gw-eu-{number}");
        let clock = self.add_clock(name.clone(), ("host.id", host.clone()), Stamper::Wall);
        self.add_process(
            clock,
            vec![
                ("service.name", "gateway".into()),
                ("service.version", "2026.11.3".into()),
                ("service.instance.id", uuid(rng).into()),
                ("host.id", host.into()),
                ("host.name", name.into()),
                ("host.arch", "amd64".into()),
                ("os.type", "linux".into()),
                ("process.pid", rng.between(200, 9_000).into()),
                ("process.runtime.name", "go".into()),
                ("cloud.provider", "aws".into()),
                ("cloud.region", "eu-west-1".into()),
                ("telemetry.sdk.language", "go".into()),
                ("telemetry.sdk.name", "opentelemetry".into()),
                ("telemetry.sdk.version", "1.38.0".into()),
            ],
        )
    }

    /// A node with the planner's pod and the workers' pod, which share its clock.
    pub fn node(&mut self, number: u64, rng: &mut Rng) -> Pods {
        let node = uuid(rng);
        let clock = self.add_clock(format!("node-{number}"), ("k8s.node.uid", node.clone()), Stamper::Wall);
        let mut pod = |service: &'static str, replica_set: &str| {
            let name = format!("{service}-{replica_set}-{:05x}", rng.below(1 << 20));
            let attrs = vec![
                ("service.name", service.into()),
                ("service.namespace", "support".into()),
                ("service.version", "41.2.0".into()),
                ("service.instance.id", uuid(rng).into()),
                ("k8s.cluster.name", "eu-prod".into()),
                ("k8s.namespace.name", "support".into()),
                ("k8s.node.name", format!("node-{number}").into()),
                ("k8s.node.uid", node.clone().into()),
                ("k8s.pod.name", name.into()),
                ("k8s.pod.uid", uuid(rng).into()),
                ("container.id", (hex32(rng) + &hex32(rng)).into()),
                ("process.pid", 1.into()),
                ("process.runtime.name", "cpython".into()),
                ("process.runtime.version", "3.13.7".into()),
                ("telemetry.sdk.language", "python".into()),
                ("telemetry.sdk.name", "opentelemetry".into()),
                ("telemetry.sdk.version", "1.38.0".into()),
            ];
            self.add_process(clock, attrs)
        };
        Pods { planner: pod("agent-planner", "6c9f7d9b4"), workers: pod("agent-workers", "5d4b8c7f6") }
    }

    /// The model provider's own spans: nothing says which machine stamped them.
    pub fn provider(&mut self) -> ProcessIx {
        let name = "claude-platform";
        let clock = self.add_clock("provider".to_owned(), ("service.name", name.to_owned()), Stamper::WallMicros);
        self.add_process(clock, vec![("service.name", name.into()), ("cloud.region", "us-east5".into())])
    }

    /// A service on its own machine, with the SDK of `language`.
    pub fn service(&mut self, service: &'static str, language: &'static str, rng: &mut Rng) -> ProcessIx {
        let host = hex32(rng);
        let clock = self.add_clock(service.to_owned(), ("host.id", host.clone()), Stamper::Wall);
        self.add_process(
            clock,
            vec![
                ("service.name", service.into()),
                ("service.version", "3.4.1".into()),
                ("service.instance.id", uuid(rng).into()),
                ("host.id", host.into()),
                ("telemetry.sdk.language", language.into()),
                ("telemetry.sdk.name", "opentelemetry".into()),
            ],
        )
    }

    /// A vector store that tells no more than its host name.
    pub fn store(&mut self, number: u64) -> ProcessIx {
        let host = format!("qdrant-{number}");
        let clock = self.add_clock("vector store".to_owned(), ("host.name", host.clone()), Stamper::Wall);
        self.add_process(
            clock,
            vec![
                ("service.name", "qdrant".into()),
                ("service.version", "1.15.4".into()),
                ("host.name", host.into()),
                ("telemetry.sdk.language", "rust".into()),
                ("telemetry.sdk.name", "opentelemetry".into()),
                ("telemetry.sdk.version", "0.31.0".into()),
            ],
        )
    }
}

const USER_AGENT: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) \
                          Chrome/141.0.0.0 Safari/537.36";

fn hex32(rng: &mut Rng) -> String {
    format!("{:032x}", rng.id128())
}

fn uuid(rng: &mut Rng) -> String {
    // Version 4, variant 1 (RFC 9562).
    let bits = (rng.id128() & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let text = format!("{bits:032x}");
    [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-")
}
