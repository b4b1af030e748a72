"use strict";
const at = id => document.getElementById(id);
const KEY = "tapestry-key";
let sides = [];
let running = null;

function headers() {
  const key = sessionStorage.getItem(KEY);
  return {"Content-Type": "application/json", ...(key ? {Authorization: "Bearer " + key} : {})};
}

function notice(text) {
  at("notice").textContent = text;
  at("notice").hidden = !text;
}

function element(name, kind, text) {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  if (text) made.textContent = text;
  return made;
}

async function open() {
  let reply;
  try {
    reply = await fetch("v1/models", {headers: headers()});
  } catch {
    notice("The server does not answer. Is it still running?");
    return;
  }
  if (reply.status === 401) {
    at("entry").hidden = false;
    if (sessionStorage.getItem(KEY)) notice("That is not the key.");
    at("key").focus();
    return;
  }
  const body = await reply.json();
  if (!reply.ok) {
    notice(body.error.message);
    return;
  }
  at("entry").hidden = true;
  notice("");
  at("sides").replaceChildren();
  sides = body.data.map(side);
  at("question").focus();
}

function side(model) {
  const role = model.tapestry?.role === "base" ? "Base" : "Model";
  const box = element("section");
  const title = element("h2", "", role);
  title.append(element("small", "", model.id));
  const log = element("div", "log");
  log.setAttribute("role", "log");
  log.setAttribute("aria-live", "polite");
  log.setAttribute("aria-label", role + " " + model.id);
  log.tabIndex = 0;
  log.append(element("p", "empty", model.tapestry?.chat === false
    ? "This one continues text; it was not made for conversations." : "Ask something to begin."));
  box.append(title, log);
  at("sides").append(box);
  return {model, log, turns: []};
}

function request(one, question) {
  const seed = at("seed").value;
  const common = {
    model: one.model.id, stream: true, stream_options: {include_usage: true},
    temperature: Number(at("temperature").value), max_tokens: Number(at("tokens").value),
    ...(seed === "" ? {} : {seed: Number(seed)}),
  };
  return one.model.tapestry?.chat === false
    ? ["v1/completions", {...common, prompt: question}]
    : ["v1/chat/completions", {...common, messages: [...one.turns, {role: "user", content: question}]}];
}

async function* events(reply) {
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const {value, done} = await reader.read();
    if (done) return;
    held += value;
    const parts = held.split("\n\n");
    held = parts.pop();
    for (const part of parts) {
      if (part.startsWith("data: ") && part !== "data: [DONE]") yield JSON.parse(part.slice(6));
    }
  }
}

async function answer(one, question, signal) {
  one.log.querySelector(".empty")?.remove();
  one.log.append(element("div", "turn user", question));
  const turn = element("div", "turn assistant wait");
  const text = element("span");
  turn.append(text);
  one.log.append(turn);
  const bottom = () => { one.log.scrollTop = one.log.scrollHeight; };
  bottom();
  const began = performance.now();
  let finish = "", rules = {}, usage = null;
  try {
    const [path, body] = request(one, question);
    const reply = await fetch(path, {method: "POST", headers: headers(), body: JSON.stringify(body), signal});
    if (!reply.ok) throw new Error((await reply.json()).error.message);
    for await (const event of events(reply)) {
      if (event.error) throw new Error(event.error.message);
      const choice = event.choices[0];
      text.textContent += choice?.delta?.content ?? choice?.text ?? "";
      finish = choice?.finish_reason ?? finish;
      rules = event.tapestry ?? rules;
      usage = event.usage ?? usage;
      bottom();
    }
    meta(turn, finish, rules, usage, performance.now() - began);
    if (finish !== "content_filter" && text.textContent.trim()) {
      one.turns.push({role: "user", content: question}, {role: "assistant", content: text.textContent});
    }
  } catch (failure) {
    turn.append(element("span", "meta failed",
      failure.name === "AbortError" ? "Stopped." : "Not answered: " + failure.message));
  } finally {
    turn.classList.remove("wait");
    bottom();
  }
}

function meta(turn, finish, rules, usage, milliseconds) {
  const line = element("span", "meta");
  for (const rule of [rules.rule, ...(rules.redacted_by ?? [])].filter(Boolean)) {
    turn.classList.add("ruled");
    line.append(element("span", "badge", "rule: " + rule));
  }
  const facts = [];
  if (usage?.completion_tokens) facts.push(usage.completion_tokens + " tokens in " + (milliseconds / 1000).toFixed(1) + " s");
  if (finish === "length") facts.push("cut at the number of tokens");
  line.append(facts.join(" · "));
  turn.append(line);
}

at("ask").addEventListener("submit", async event => {
  event.preventDefault();
  const question = at("question").value.trim();
  if (!question || running || sides.length === 0) return;
  running = new AbortController();
  at("send").disabled = true;
  at("stop").disabled = false;
  at("question").value = "";
  await Promise.all(sides.map(one => answer(one, question, running.signal)));
  running = null;
  at("send").disabled = false;
  at("stop").disabled = true;
  at("question").focus();
});
at("question").addEventListener("keydown", event => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    at("ask").requestSubmit();
  }
});
at("stop").addEventListener("click", () => running?.abort());
at("clear").addEventListener("click", () => { running?.abort(); open(); });
at("entry").addEventListener("submit", event => {
  event.preventDefault();
  sessionStorage.setItem(KEY, at("key").value);
  open();
});
open();
