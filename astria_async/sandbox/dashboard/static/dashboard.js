// Keeps an open page up to date. Without scripts every page and form works all the same.
"use strict";

(() => {
  const PAUSED = "astria-sandbox-paused";
  const pulse = document.getElementById("pulse");
  const live = document.getElementById("live");
  const notice = document.getElementById("notice");

  const paused = () => sessionStorage.getItem(PAUSED) === "1";
  const refresh = () => htmx.trigger(pulse, "refresh");
  const isPulse = (event) => event.detail.elt === pulse;

  function showLive() {
    live.hidden = false;
    live.setAttribute("aria-pressed", String(!paused()));
  }

  live.addEventListener("click", () => {
    if (paused()) sessionStorage.removeItem(PAUSED);
    else sessionStorage.setItem(PAUSED, "1");
    showLive();
    if (!paused()) refresh();
  });

  // A tab that nobody sees asks for nothing, and catches up when it is looked at.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && !paused()) refresh();
  });

  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (isPulse(event) && (document.hidden || paused())) event.preventDefault();
  });

  // Which version of each part is on the screen: the answer holds only those that differ.
  document.body.addEventListener("htmx:configRequest", (event) => {
    if (!isPulse(event)) return;
    const seen = [...document.querySelectorAll("[data-part]")];
    event.detail.headers["X-Seen"] = seen
      .map((part) => `${part.dataset.part}=${part.dataset.seen}`)
      .join(",");
  });

  function tell(text) {
    const line = document.createElement("p");
    line.textContent = text;
    notice.replaceChildren(line);
  }

  function fail(text) {
    if (!document.body.classList.contains("lost")) tell(text);
    document.body.classList.add("lost");
  }

  document.body.addEventListener("htmx:sendError", () => {
    fail("The sandbox does not answer. This page shows what was before.");
  });
  document.body.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    if (isPulse(event)) {
      fail(status === 404 ? "This is no longer there." : `The sandbox answers with ${status}.`);
    } else {
      const answer = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
      const said = answer.querySelector("main > p");
      tell(said ? said.textContent : `That did not work: ${status}.`);
    }
  });
  document.body.addEventListener("htmx:afterOnLoad", (event) => {
    if (!document.body.classList.contains("lost")) return;
    if (isPulse(event) && event.detail.xhr.status < 400) {
      document.body.classList.remove("lost");
      notice.replaceChildren();
    }
  });

  // After a form was sent the rest of the page is looked at again. The focus goes to what is
  // wrong with it, if anything, and is never lost.
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (isPulse(event)) return;
    const page = document.getElementById("page");
    const wrong = page.querySelector("[aria-invalid]");
    if (wrong) wrong.focus();
    else if (document.activeElement === document.body) page.focus({ preventScroll: true });
    if (!paused()) refresh();
  });

  showLive();
})();
