// Two conveniences on top of pages that work without them: arrow keys in the chart, and new mentions as they come.
"use strict";

// One bar is a tab stop; the arrows, Home and End move between bars.
for (const chart of document.querySelectorAll(".chart")) {
  const bars = [...chart.querySelectorAll("a.bar")];
  chart.addEventListener("keydown", (event) => {
    const at = bars.indexOf(document.activeElement);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: bars.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    const next = bars[Math.min(Math.max(to, 0), bars.length - 1)];
    bars[at].setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
  });
}

const live = document.getElementById("live");
if (live && window.EventSource) follow(live, document.getElementById("live-state"));

// follow puts new mentions on top of the list. It can be paused, and is not announced: a busy day would drown a reader.
function follow(list, state) {
  const shown = 6;
  const words = document.createElement("span");
  const pause = document.createElement("button");
  pause.type = "button";
  let stream, waiting = [];
  const say = (text) => { words.textContent = text; };
  const clock = new Intl.DateTimeFormat("en-GB", {
    weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: list.dataset.zone,
  });

  function connect() {
    pause.textContent = "Pause";
    say("Connecting");
    stream = new EventSource(list.dataset.stream);
    stream.onopen = () => say("Live");
    stream.onerror = () => say("Connection lost, trying again");
    stream.addEventListener("mention", (event) => waiting.push(JSON.parse(event.data)));
    for (const event of ["reading", "issue"]) stream.addEventListener(event, changed);
    stream.addEventListener("gap", () => say("Live, showing only some"));
  }
  // The barometer is not redrawn under a reader's eyes: that there is something newer is said, once.
  function changed(event) {
    const notice = document.getElementById("changed");
    if (notice && new Date(JSON.parse(event.data).at) > new Date(notice.dataset.known || 0)) notice.hidden = false;
  }
  pause.addEventListener("click", () => {
    if (stream) {
      stream.close();
      stream = undefined;
      say("Paused");
      pause.textContent = "Resume";
    } else connect();
  });
  // At most one redraw a second, however many arrive.
  setInterval(() => {
    const fresh = waiting.slice(-shown);
    waiting = [];
    for (const mention of fresh) {
      const path = list.dataset.pages + mention.id;
      if (list.querySelector(`a[href="${path}"]`)) continue;
      list.prepend(item(mention, path));
    }
    while (list.children.length > shown) {
      if (list.lastElementChild.contains(document.activeElement)) break;
      list.lastElementChild.remove();
    }
    if (fresh.length) document.getElementById("live-none")?.remove();
  }, 1000);
  // A closed stream frees its place on the server when the page sleeps in the history.
  window.addEventListener("pagehide", () => stream?.close());
  window.addEventListener("pageshow", (event) => { if (event.persisted && stream) connect(); });

  function item(mention, path) {
    const feelings = { negative: ["Negative", "neg"], positive: ["Positive", "pos"], neutral: ["Neutral", "neu"] };
    const [word, kind] = feelings[mention.sentiment.label] ?? ["Uncertain", "unc"];
    const grave = ["", "slight", "moderate", "serious", "severe", "gravest"][mention.severity];
    const meta = element("p", "brief__meta", element("span", "feel feel--" + kind, word));
    if (grave) meta.append(element("span", "grave grave--" + mention.severity, "Severity: " + grave));
    const published = new Date(mention.published_at);
    const time = element("time", "", clock.format(published));
    time.dateTime = mention.published_at;
    meta.append(time, " · " + (mention.site || mention.source));
    const text = mention.title || mention.text;
    const link = element("a", "", text.length > 220 ? text.slice(0, 220) + "…" : text);
    link.href = path;
    const body = element("p", "brief__text", link);
    if (mention.lang.length === 2) body.lang = mention.lang;
    return element("li", "brief brief--new", meta, body);
  }

  function element(name, kind, ...content) {
    const made = document.createElement(name);
    if (kind) made.className = kind;
    made.append(...content);
    return made;
  }

  state.replaceChildren(words, " ", pause);
  connect();
}
