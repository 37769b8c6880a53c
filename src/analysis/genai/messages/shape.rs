//! Messages out of JSON, whatever shape they have: the providers' own, LangChain's, Pydantic's, OpenTelemetry's.

use serde_json::{Map, Value as Json};

use super::{Content, Document, Message, Speaker, compact};

/// Values inside of one another that are followed; deeper ones are no conversation.
const MOST_DEPTH: usize = 24;

type Fields = Map<String, Json>;

/// The messages in `json`; `speaker` speaks where it does not say who does.
pub fn messages(json: &Json, speaker: &Speaker) -> Vec<Message> {
    let mut out = Vec::new();
    read(json, speaker, 0, &mut out);
    out.retain(|message| !message.contents.is_empty());
    out
}

/// Messages that one place says in several pieces: those of one speaker who only goes on are one.
pub fn joined(messages: Vec<Message>) -> Vec<Message> {
    let mut joined: Vec<Message> = Vec::with_capacity(messages.len());
    for message in messages {
        let is_calls = |message: &Message| message.contents.iter().all(|it| matches!(it, Content::ToolCall { .. }));
        match joined.last_mut() {
            Some(last) if last.speaker == message.speaker && is_calls(&message) && !is_calls(last) => {
                last.contents.extend(message.contents);
            }
            _ => joined.push(message),
        }
    }
    joined
}

/// A value as people read it: text as it is, anything else as JSON.
pub fn plain(json: &Json) -> String {
    match json {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => compact(other),
    }
}

/// JSON that is written as text; `None` when the text is just text.
fn inside(text: &str) -> Option<Json> {
    let trimmed = text.trim_start();
    if !trimmed.starts_with(['{', '[', '"']) {
        return None;
    }
    serde_json::from_str(trimmed).ok()
}

fn read(json: &Json, speaker: &Speaker, depth: usize, out: &mut Vec<Message>) {
    match json {
        Json::Null => {}
        Json::String(text) => match inside(text).filter(|_| depth < MOST_DEPTH) {
            Some(json) => read(&json, speaker, depth + 1, out),
            None => say(out, speaker, Content::Text(text.clone())),
        },
        Json::Array(items) => list(items, json, speaker, depth, out),
        Json::Object(fields) if depth < MOST_DEPTH => object(fields, speaker, depth, out),
        other => say(out, speaker, Content::Other(compact(other))),
    }
}

fn list(items: &[Json], json: &Json, speaker: &Speaker, depth: usize, out: &mut Vec<Message>) {
    let parts: Option<Vec<Piece>> = items.iter().map(|item| part(item.as_object()?, speaker)).collect();
    match parts {
        Some(parts) => out.extend(grouped(parts, "")),
        None if depth >= MOST_DEPTH || items.iter().any(|item| item.is_number() || item.is_boolean()) => {
            say(out, speaker, Content::Other(compact(json)));
        }
        None => items.iter().for_each(|item| read(item, speaker, depth + 1, out)),
    }
}

fn say(out: &mut Vec<Message>, speaker: &Speaker, content: Content) {
    out.extend(grouped(vec![(speaker.clone(), content)], ""));
}

/// Something said, and by whom.
type Piece = (Speaker, Content);

/// One message for each run of pieces of one speaker. Empty words say nothing.
fn grouped(pieces: Vec<Piece>, name: &str) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::new();
    let is_empty =
        |content: &Content| matches!(content, Content::Text(text) | Content::Reasoning(text) if text.is_empty());
    for (speaker, content) in pieces.into_iter().filter(|(_, content)| !is_empty(content)) {
        match messages.last_mut() {
            Some(last) if last.speaker == speaker => last.contents.push(content),
            _ => messages.push(Message { speaker, name: name.to_owned(), contents: vec![content] }),
        }
    }
    messages
}

/// Keys under which the messages of a request or an answer are.
const HOLDERS: [&str; 9] = [
    "messages",
    "message",
    "choices",
    "generations",
    "contents",
    "candidates",
    "all_messages",
    "chat_history",
    "items",
];
/// Keys under which a function or an interface has the one thing that matters: what it is given, what it gives.
const GIVEN: [&str; 7] = ["prompt", "input", "question", "query", "input_text", "user_input", "args"];
const GIVES: [&str; 6] = ["output", "answer", "result", "response", "completion", "text"];
/// So many fields at most has an object whose one field counts.
const FEW: usize = 4;

fn object(fields: &Fields, speaker: &Speaker, depth: usize, out: &mut Vec<Message>) {
    let text = |key: &str| fields.get(key).and_then(Json::as_str).unwrap_or_default();
    let kind = text("type");
    // LangChain: {"lc": 1, "id": [.., "HumanMessage"], "kwargs": {..}} and {"type": "human", "data": {..}}.
    if let Some(inner) = fields.get("kwargs").filter(|_| fields.contains_key("lc")).and_then(Json::as_object) {
        let class = fields.get("id").and_then(Json::as_array).and_then(|id| id.last()).and_then(Json::as_str);
        return message(inner, &Speaker::of(class.unwrap_or_default()), out);
    }
    if let (Some(inner), false) = (fields.get("data").and_then(Json::as_object), kind.is_empty()) {
        return message(inner, &Speaker::of(kind), out);
    }
    let role = Speaker::of(if text("role").is_empty() { text("author") } else { text("role") });
    let typed =
        if matches!(kind, "human" | "ai" | "system" | "AIMessageChunk") { Speaker::of(kind) } else { Speaker::Unknown };
    if role != Speaker::Unknown {
        return message(fields, &role, out);
    }
    if typed != Speaker::Unknown {
        return message(fields, &typed, out);
    }
    if let Some(piece) = part(fields, speaker) {
        return out.extend(grouped(vec![piece], ""));
    }
    if let Some(system) = fields.get("system") {
        read(system, &Speaker::System, depth + 1, out);
    }
    let before = out.len();
    for key in HOLDERS {
        if let Some(inner) = fields.get(key) {
            read(inner, speaker, depth + 1, out);
            if out.len() > before {
                return;
            }
        }
    }
    if ["parts", "content", "tool_calls"].iter().any(|key| fields.contains_key(*key)) {
        return message(fields, speaker, out);
    }
    let (first, second) =
        if *speaker == Speaker::Assistant { (&GIVES[..], &GIVEN[..]) } else { (&GIVEN[..], &GIVES[..]) };
    let keys = first.iter().chain(second);
    let only = keys.filter_map(|key| fields.get(*key)).find(|inner| !inner.is_null());
    match only {
        Some(inner) if fields.len() <= FEW => read(inner, speaker, depth + 1, out),
        _ if fields.is_empty() || out.len() > before => {}
        _ => say(out, speaker, Content::Other(compact(&Json::Object(fields.clone())))),
    }
}

/// A message of `speaker`: its contents under whatever key, its tool calls, its reasoning.
fn message(fields: &Fields, speaker: &Speaker, out: &mut Vec<Message>) {
    let name = first_text(fields, &["name"]);
    let mut pieces: Vec<Piece> = Vec::new();
    for key in ["reasoning_content", "reasoning", "thinking"] {
        if let Some(thought) = fields.get(key).and_then(Json::as_str) {
            pieces.push((speaker.clone(), Content::Reasoning(thought.to_owned())));
        }
    }
    let keys = ["parts", "content", "contents", "text", "transcript"];
    if let Some(value) = keys.iter().find_map(|key| fields.get(*key).filter(|value| !value.is_null())) {
        let mut said = Vec::new();
        contents(value, speaker, &mut said);
        let is_answer =
            *speaker == Speaker::Tool && !said.iter().any(|(_, it)| matches!(it, Content::ToolResult { .. }));
        if is_answer {
            let id = first_text(fields, &["tool_call_id", "toolCallId", "call_id", "id"]);
            pieces.push((Speaker::Tool, Content::ToolResult { id, name: name.clone(), result: words(value) }));
        } else {
            pieces.extend(said);
        }
    }
    for key in ["tool_calls", "toolCalls", "function_call"] {
        let written = fields.get(key).and_then(Json::as_str).and_then(inside);
        match written.as_ref().or_else(|| fields.get(key)) {
            Some(Json::Array(calls)) => {
                pieces.extend(calls.iter().filter_map(Json::as_object).map(|call| (speaker.clone(), tool_call(call))));
            }
            Some(Json::Object(call)) => pieces.push((speaker.clone(), tool_call(call))),
            _ => {}
        }
    }
    for key in ["audio", "image", "images", "refusal"] {
        match fields.get(key) {
            None | Some(Json::Null) => {}
            Some(Json::String(words)) if key == "refusal" => {
                pieces.push((speaker.clone(), Content::Text(words.clone())));
            }
            Some(_) => pieces.push((speaker.clone(), Content::Media(key.to_owned()))),
        }
    }
    out.extend(grouped(pieces, &name));
}

fn contents(value: &Json, speaker: &Speaker, pieces: &mut Vec<Piece>) {
    let one = |fields: &Fields| {
        part(fields, speaker)
            .unwrap_or_else(|| (speaker.clone(), Content::Other(compact(&Json::Object(fields.clone())))))
    };
    match value {
        // Parts as text, as some SDKs write them; anything else that looks like JSON is what somebody said.
        Json::String(text) => match inside(text) {
            Some(Json::Array(items)) if is_parts(&items, speaker) => {
                pieces.extend(items.iter().filter_map(|item| part(item.as_object()?, speaker)));
            }
            _ => pieces.push((speaker.clone(), Content::Text(text.clone()))),
        },
        Json::Array(items) => {
            for item in items {
                match item {
                    Json::Object(fields) => pieces.push(one(fields)),
                    Json::Null => {}
                    other => pieces.push((speaker.clone(), Content::Text(plain(other)))),
                }
            }
        }
        // AWS's distribution puts what Strands says into an object around it.
        Json::Object(fields) => match ["content", "message"].iter().find_map(|key| fields.get(*key)) {
            Some(inner) if part(fields, speaker).is_none() => contents(inner, speaker, pieces),
            _ => pieces.push(one(fields)),
        },
        Json::Null => {}
        other => pieces.push((speaker.clone(), Content::Other(compact(other)))),
    }
}

fn is_parts(items: &[Json], speaker: &Speaker) -> bool {
    !items.is_empty() && items.iter().all(|item| item.as_object().is_some_and(|it| part(it, speaker).is_some()))
}

/// The words of what a tool gives back: parts of text are put together.
fn words(value: &Json) -> String {
    let Json::Array(items) = value else { return plain(value) };
    let texts: Option<Vec<&str>> = items.iter().map(|item| item.get("text").and_then(Json::as_str)).collect();
    texts.map_or_else(|| compact(value), |texts| texts.join("\n"))
}

fn first_text(fields: &Fields, keys: &[&str]) -> String {
    let found = keys.iter().find_map(|key| fields.get(*key).and_then(Json::as_str).filter(|text| !text.is_empty()));
    found.unwrap_or_default().to_owned()
}

fn first_plain(fields: &Fields, keys: &[&str]) -> String {
    keys.iter().find_map(|key| fields.get(*key).filter(|value| !value.is_null())).map(plain).unwrap_or_default()
}

const IDS: [&str; 6] = ["id", "call_id", "tool_call_id", "toolCallId", "tool_use_id", "toolUseId"];
const NAMES: [&str; 4] = ["name", "toolName", "tool_name", "function_name"];

/// A tool call in any of its shapes: OpenAI's `{id, function: {name, arguments}}`, or with everything in one place.
fn tool_call(fields: &Fields) -> Content {
    let own = fields.get("tool_call").and_then(Json::as_object).unwrap_or(fields);
    let function = own.get("function").and_then(Json::as_object).unwrap_or(own);
    // An item of an interface has an id of its own beside that of the call.
    let id = first_text(own, &["call_id", "id", "toolCallId", "tool_call_id", "toolUseId"]);
    let arguments = first_plain(function, &["arguments", "args", "input"]);
    Content::ToolCall { id, name: first_text(function, &NAMES), arguments }
}

fn tool_result(fields: &Fields) -> Content {
    let keys = ["result", "response", "output", "content"];
    let result = keys.iter().find_map(|key| fields.get(*key).filter(|value| !value.is_null())).map(words);
    // The call's own id is what joins them.
    let id = first_text(fields, &["call_id", "tool_call_id", "toolCallId", "tool_use_id", "toolUseId", "id"]);
    Content::ToolResult { id, name: first_text(fields, &NAMES), result: result.unwrap_or_default() }
}

/// A part of a message, with who says it; `None` when `fields` are no part.
fn part(fields: &Fields, speaker: &Speaker) -> Option<Piece> {
    let own = |content| Some((speaker.clone(), content));
    let object = |key: &str| fields.get(key).and_then(Json::as_object);
    if let Some(inner) = object("message_content") {
        return part(inner, speaker);
    }
    if fields.contains_key("tool_call") && fields.len() == 1 {
        return own(tool_call(fields));
    }
    if let Some(kind) = fields.get("part_kind").and_then(Json::as_str) {
        return pydantic(fields, kind);
    }
    if fields.contains_key("role") {
        return None;
    }
    let kind = fields.get("type").and_then(Json::as_str).unwrap_or_default();
    match kind {
        "text" | "input_text" | "output_text" | "summary_text" => {
            own(Content::Text(first_plain(fields, &["text", "content"])))
        }
        "reasoning" | "thinking" | "redacted_thinking" => {
            let summary = fields.get("summary").map(words).filter(|summary| summary != "[]");
            let text = first_plain(fields, &["content", "text", "thinking", "data"]);
            own(Content::Reasoning(if text.is_empty() { summary.unwrap_or_default() } else { text }))
        }
        "tool_call" | "tool-call" | "tool_use" | "toolCall" | "function_call" | "function" | "server_tool_call"
        | "server_tool_use" | "mcp_call" | "custom_tool_call" => own(tool_call(fields)),
        "tool_call_response"
        | "tool-result"
        | "tool_result"
        | "function_call_output"
        | "server_tool_call_response"
        | "custom_tool_call_output" => Some((Speaker::Tool, tool_result(fields))),
        "refusal" => own(Content::Text(first_plain(fields, &["refusal"]))),
        "blob" | "file" | "uri" | "image" | "image_url" | "input_image" | "audio" | "input_audio" | "document"
        | "media" | "input_file" | "video" => own(Content::Media(media(fields, kind))),
        _ => keyed(fields, speaker),
    }
}

/// Parts without a type: Bedrock, Gemini, calls of tools as they are.
fn keyed(fields: &Fields, speaker: &Speaker) -> Option<Piece> {
    let own = |content| Some((speaker.clone(), content));
    let object = |keys: [&str; 2]| keys.iter().find_map(|key| fields.get(*key).and_then(Json::as_object));
    if let Some(call) = object(["toolUse", "tool_use"]).or_else(|| object(["functionCall", "function_call"])) {
        return own(tool_call(call));
    }
    if let Some(result) =
        object(["toolResult", "tool_result"]).or_else(|| object(["functionResponse", "function_response"]))
    {
        return Some((Speaker::Tool, tool_result(result)));
    }
    if let Some(thought) = object(["reasoningContent", "reasoning_content"]) {
        let text = thought.get("reasoningText").and_then(|it| it.get("text")).and_then(Json::as_str);
        return own(Content::Reasoning(text.map_or_else(|| compact(&Json::Object(thought.clone())), str::to_owned)));
    }
    if object(["inlineData", "inline_data"]).is_some() || object(["fileData", "file_data"]).is_some() {
        return own(Content::Media("file".to_owned()));
    }
    // Dynamo, any-agent, Vercel: a call as a bare object.
    if fields.contains_key("tool_call_index") {
        return own(tool_call(fields));
    }
    if fields.contains_key("tool.name") {
        let arguments = first_plain(fields, &["tool.args"]);
        return own(Content::ToolCall { id: String::new(), name: first_text(fields, &["tool.name"]), arguments });
    }
    if fields.contains_key("toolCallId") && fields.contains_key("toolName") {
        return own(tool_call(fields));
    }
    if fields.get("function").is_some_and(Json::is_object) {
        return own(tool_call(fields));
    }
    match (fields.get("text").and_then(Json::as_str), fields.len()) {
        (Some(text), 1) => own(Content::Text(text.to_owned())),
        (Some(text), 2) if fields.contains_key("thought") => own(Content::Reasoning(text.to_owned())),
        _ => None,
    }
}

/// Parts of Pydantic AI's own messages: each says who speaks.
fn pydantic(fields: &Fields, kind: &str) -> Option<Piece> {
    let text = || first_plain(fields, &["content"]);
    let (id, name) = (first_text(fields, &IDS[1..]), first_text(fields, &NAMES));
    Some(match kind {
        "system-prompt" => (Speaker::System, Content::Text(text())),
        "user-prompt" => (Speaker::User, Content::Text(text())),
        "text" => (Speaker::Assistant, Content::Text(text())),
        "thinking" => (Speaker::Assistant, Content::Reasoning(text())),
        "tool-call" => (Speaker::Assistant, Content::ToolCall { id, name, arguments: first_plain(fields, &["args"]) }),
        "tool-return" | "retry-prompt" => (Speaker::Tool, Content::ToolResult { id, name, result: text() }),
        _ => return None,
    })
}

fn media(fields: &Fields, kind: &str) -> String {
    let detail = first_text(fields, &["mime_type", "mimeType", "mediaType", "media_type", "modality", "filename"]);
    let place = first_text(fields, &["uri", "url", "file_id"]);
    let words = [kind, &detail, &place].into_iter().filter(|text| !text.is_empty() && text.len() < 200);
    words.collect::<Vec<_>>().join(" · ")
}

/// The documents in `json`.
pub fn documents(json: &Json) -> Vec<Document> {
    match json {
        Json::String(text) => inside(text).map_or_else(Vec::new, |json| documents(&json)),
        Json::Array(items) => items.iter().filter_map(document).collect(),
        Json::Object(fields) => {
            let holders = ["documents", "docs", "results", "matches", "hits", "output", "result"];
            match holders.iter().find_map(|key| fields.get(*key).filter(|inner| inner.is_array())) {
                Some(inner) => documents(inner),
                None => document(json).into_iter().collect(),
            }
        }
        _ => Vec::new(),
    }
}

fn document(json: &Json) -> Option<Document> {
    let fields = match json {
        Json::String(text) => match inside(text) {
            Some(Json::Object(fields)) => fields,
            _ => return Some(Document { text: text.clone(), ..Document::default() }),
        },
        Json::Object(fields) => fields.clone(),
        _ => return None,
    };
    let inner = ["document", "kwargs", "node"].iter().find_map(|key| fields.get(*key).and_then(Json::as_object));
    let own = inner.unwrap_or(&fields);
    let metadata = own.get("metadata").map(|it| it.as_str().and_then(inside).unwrap_or_else(|| it.clone()));
    let of_metadata = |keys: &[&str]| {
        let fields = metadata.as_ref().and_then(Json::as_object);
        fields.map(|fields| first_plain(fields, keys)).unwrap_or_default()
    };
    let or = |first: String, second: &dyn Fn() -> String| if first.is_empty() { second() } else { first };
    let id = or(first_plain(own, &["id", "_id", "doc_id", "document_id"]), &|| {
        of_metadata(&["id", "source", "file_name", "title"])
    });
    let score =
        or(first_plain(own, &["score", "similarity", "distance"]), &|| first_plain(&fields, &["score", "distance"]));
    let text = first_plain(own, &["content", "page_content", "pageContent", "text", "document"]);
    let is_document = !(id.is_empty() && text.is_empty());
    is_document.then_some(Document { id, score, text })
}
