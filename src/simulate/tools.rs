//! What the agents use: databases, the vector store, the web.

use super::span::{At, Kind};
use super::turn::{Mishap, Plan, Played, Researcher, Stage};
use crate::model::time::{MS, US};

const PSYCOPG: &str = "opentelemetry.instrumentation.psycopg";
const QDRANT: &str = "opentelemetry.instrumentation.qdrant";
const HTTPX: &str = "opentelemetry.instrumentation.httpx";
const STORE: &str = "qdrant";

impl Stage<'_> {
    /// A call to the agents' database, which reports no spans of its own.
    pub fn database(&mut self, parent: At, name: &'static str, (start, end): (i64, i64)) -> At {
        let mut span = self.child(parent, (parent.process, PSYCOPG), name, Kind::Client, start);
        span.set("db.system.name", "postgresql").set("db.namespace", "support").set("db.query.summary", name);
        span.set("server.address", "pg-main.support.svc").set("server.port", 5_432);
        self.end(span, end)
    }

    /// The planner's tool: embed the question, search, rerank. Returns when it is done.
    pub fn search_docs(&mut self, parent: At, start: i64, plan: &Plan, played: &mut Played) -> i64 {
        let mut tool = self.tool(parent, "execute_tool search_docs", "planner", start);
        if self.is_rich {
            tool.set("gen_ai.tool.call.arguments", r#"{"query":"lost parcel split shipment refund","top_k":12}"#);
        }
        let at = tool.at();
        let mut embed = self.child(at, (at.process, HTTPX), "embeddings voyage-3.5", Kind::Client, start + 8 * MS);
        embed.set("gen_ai.operation.name", "embeddings").set("gen_ai.provider.name", "voyage_ai");
        embed.set("gen_ai.request.model", "voyage-3.5").set("gen_ai.usage.input_tokens", 18);
        self.end(embed, start + 66 * MS);

        let asked = start + 74 * MS;
        let mut query = self.child(at, (at.process, QDRANT), "query top_k", Kind::Client, asked);
        query.set("db.system.name", "qdrant").set("db.operation.name", "query");
        query.set("db.collection.name", "support_docs").set("gen_ai.retrieval.top_k", 12);
        query.set("gen_ai.data_source.id", "support_docs").set("server.address", "qdrant-0");
        let query_at = query.at();
        let served = self.serve_query(query_at, asked + 500 * US, plan.query_claimed_ns);
        played.query = [query_at.span, served];
        self.end(query, asked + plan.query_ns);

        let ranked = (asked + plan.query_ns + 6 * MS).max(asked + 500 * US + plan.query_claimed_ns + MS);
        let end = start + 750 * MS;
        let rerank = self.step(at, "rerank", "planner", ranked);
        self.end(rerank, end - 4 * MS);
        self.end(tool, end);
        end
    }

    /// The vector store's own spans.
    fn serve_query(&mut self, parent: At, start: i64, ns: i64) -> u64 {
        let place = (self.roles.store, STORE);
        let mut serve = self.child(parent, place, "query top_k", Kind::Server, start);
        serve.set("rpc.system", "grpc").set("rpc.service", "qdrant.Points").set("rpc.method", "Query");
        serve.set("rpc.grpc.status_code", 0).set("db.collection.name", "support_docs");
        let at = serve.at();
        for shard in 0..4 {
            let begin = start + 2 * MS + shard * self.rng.between(200 * US, 900 * US);
            let mut segment = self.child(at, place, "search segment", Kind::Internal, begin);
            segment
                .set("qdrant.shard", shard)
                .set("qdrant.index", "hnsw")
                .set("qdrant.ef", 128)
                .set("qdrant.quantization", "scalar_int8")
                .set("db.system.name", "qdrant")
                .set("db.operation.name", "query")
                .set("db.collection.name", "support_docs")
                .set("thread.name", "search-pool");
            let end = begin + self.rng.around(ns / 2, 30);
            self.end(segment, end.min(start + ns - MS));
        }
        let mut merge = self.child(at, place, "merge results", Kind::Internal, start + ns * 9 / 10);
        merge.set("qdrant.results", 12);
        self.end(merge, start + ns - MS / 2);
        self.end(serve, start + ns).span
    }

    /// A researcher's tool: get a page from the web.
    pub fn fetch_page(&mut self, parent: At, start: i64, plan: &Researcher, played: &mut Played) -> i64 {
        let mut tool = self.tool(parent, "execute_tool fetch_page", "researcher", start);
        let mut get = self.child(tool.at(), (parent.process, HTTPX), "GET", Kind::Client, start + 2 * MS);
        get.set("http.request.method", "GET").set("server.address", "help.courier.example").set("server.port", 443);
        get.set("url.full", "https://help.courier.example/claims/split-shipments");
        let end = start + plan.page_ns;
        if plan.mishap == Mishap::PageTimeout {
            get.fail("504", "upstream timed out").set("http.response.status_code", 504);
            tool.fail("timeout", "the page did not come");
            played.errors.push(tool.id);
        } else {
            get.set("http.response.status_code", 200);
        }
        let at = tool.at();
        self.end(get, end - 9 * MS);
        let parse = self.step(at, "extract text", "researcher", end - 8 * MS);
        self.end(parse, end - MS);
        self.end(tool, end);
        end
    }

    /// Spans whose parents never reached the file: four with remote parents, two whose local parent
    /// was filtered out. Returns their ids, the remote ones first.
    pub fn orphans(&mut self, trace: u128, start: i64) -> [u64; 6] {
        let roles = self.roles;
        let lost: [u64; 4] = std::array::from_fn(|_| self.rng.id64());
        let events = (roles.gateway, super::turn::OTELHTTP);
        let plans = [
            (events, "POST /v1/events", Kind::Server, true, lost[0], 0, 14),
            (events, "POST /v1/events", Kind::Server, true, lost[0], 32 * MS, 11),
            ((roles.provider, super::model_call::PROVIDER), "count_tokens", Kind::Server, true, lost[1], 570 * MS, 38),
            ((roles.store, STORE), "upsert points", Kind::Server, true, lost[2], 600 * MS, 52),
            ((roles.workers, super::turn::AGENTS), "tokenize batch", Kind::Internal, false, lost[3], 8 * MS, 60),
            ((roles.workers, super::turn::AGENTS), "tokenize batch", Kind::Internal, false, lost[3], 605 * MS, 55),
        ];
        plans.map(|(place, name, kind, is_remote, parent, after, ms)| {
            let mut span = self.root(trace, place, name, kind, start + after);
            (span.parent, span.parent_is_remote) = (parent, is_remote);
            span.set("app.background", true);
            self.end(span, start + after + ms * MS).span
        })
    }
}
