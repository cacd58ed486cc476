// The page's script: asks for a proof, or gets a ticket by a login at an identity provider (RFC 8628), keeps it in memory alone, shows the approval that the address names and
// sends the decision, all by the API of core/control/api.md. Everything that callers wrote is set as text.
"use strict";
(() => {
  const IDLE_MS = 15 * 60 * 1000; // then the proof is forgotten
  const id = location.pathname.split("/").pop();
  const at = (name) => document.getElementById(name);
  const LIFE_S = 15 * 60; // of a ticket that this page gets for itself
  let proof = null;
  let ticket = ""; // the id of that ticket
  let logins = 0; // a login that is not the last begun has been given up
  let timer = 0;

  // What would act or hide instead of being seen.
  const UNSEEN = new RegExp("[\\u0080-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f" +
    "\\u2028-\\u202e\\u2060-\\u206f\\u2800\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb\\ufdd0-\\ufdef\\ue000-\\uf8ff" +
    "\\p{Cs}\\u{e0000}-\\u{10ffff}]", "gu");
  const visible = (text) => String(text)
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, (c) => String.fromCharCode(c === "\u007f" ? 0x2421 : 0x2400 + c.charCodeAt(0)))
    .replace(UNSEEN, (c) => "\\u{" + c.codePointAt(0).toString(16).toUpperCase() + "}");

  const say = (text) => { at("message").textContent = visible(text); };

  const hideLogin = () => {
    ++logins;
    at("device").hidden = true;
  };

  const forget = (text) => {
    // Nobody else knows it, but nobody needs it any longer.
    if (ticket) fetch("/v1/tickets/" + encodeURIComponent(ticket), { method: "DELETE", headers: { Authorization: proof }, credentials: "omit", keepalive: true }).catch(() => {});
    ticket = "";
    proof = null;
    hideLogin();
    clearTimeout(timer);
    at("proof").value = "";
    at("approval").hidden = true;
    at("login").hidden = false;
    for (const name of ["facts", "values", "text"]) at(name).replaceChildren();
    if (text) say(text);
  };

  const proofOf = (name, secret) => {
    if (!name) return "Bearer " + secret;
    const bytes = new TextEncoder().encode(name + ":" + secret);
    return "Basic " + btoa(String.fromCharCode(...bytes));
  };

  const ask = async (method, path, body) => {
    clearTimeout(timer);
    timer = setTimeout(() => forget("You were away: say again who you are."), IDLE_MS);
    const headers = { Authorization: proof };
    if (body) headers["Content-Type"] = "application/json";
    const answer = await fetch(path, { method, headers, body: body ? JSON.stringify(body) : undefined, credentials: "omit", cache: "no-store", redirect: "error" });
    const got = await answer.json();
    if (answer.status === 401) forget();
    if (!got.ok) throw new Error(got.error || "the gateway answered " + answer.status);
    return got;
  };

  const list = (name, rows) => {
    at(name).replaceChildren(...rows.filter(([, value]) => value !== "").flatMap(([key, value]) => {
      const dt = document.createElement("dt"), dd = document.createElement("dd");
      dt.textContent = visible(key);
      dd.textContent = visible(value);
      return [dt, dd];
    }));
  };

  const span = (ms) => ms < 120000 ? Math.round(ms / 1000) + " s" : ms < 7200000 ? Math.round(ms / 60000) + " min" : Math.round(ms / 3600000) + " h";

  const show = (one) => {
    const needs = one.demands.map((demand) => demand.needs.map((need) => need.count + " of " + need.groups.join(", ")).join(" and ")).join("; ");
    const left = one.expires_ns / 1e6 - Date.now();
    list("facts", [
      ["State", one.state], ["Who", one.identity + (one.actor ? ", by " + one.actor : "")],
      ["Job", one.job.map((part) => part.name + "=" + part.value).join("\n")],
      ["From", one.peer], ["Where", one.target + (one.database ? "/" + one.database : "") + (one.login ? " as " + one.login : "")],
      ["Rule", one.rule], ["Needs", needs], ["Said yes", one.votes.map((vote) => vote.who + (vote.reason ? ": " + vote.reason : "")).join("\n")],
      ["What", one.verbs.join(", ")], ["On", one.objects.join(", ")], ["Masks of the reply", one.masks.join(", ")],
      ["Transaction", one.in_transaction ? "open for " + span(one.transaction_age_ms) : "none"],
      ["The caller's reason", one.caller_reason], ["Waits since", span(one.waits_ms)],
      ["Waits until", new Date(one.expires_ns / 1e6).toLocaleString() + (left > 0 ? ", for " + span(left) : "")],
      ["Decided by", one.decided_by + (one.reason ? ": " + one.reason : "")],
    ]);
    at("text").textContent = visible(one.text);
    list("values", one.values.map((part) => [part.name, part.value]));
    at("hides").hidden = !one.hides;
    at("decision").hidden = one.state !== "pending";
    at("again-line").hidden = !(one.again_ms > 0);
    at("again-time").textContent = span(one.again_ms);
    at("login").hidden = true;
    at("approval").hidden = false;
  };

  const look = async () => {
    const got = await ask("GET", "/v1/approvals?all=true&id=" + encodeURIComponent(id));
    if (got.approvals.length !== 1) {
      at("approval").hidden = true;
      throw new Error("there is no approval " + id + " that you may see: it is over and forgotten, or not yours to decide");
    }
    show(got.approvals[0]);
  };

  // One thing at a time, and its error where it can be read.
  const doing = (what) => async (event) => {
    event.preventDefault();
    const buttons = document.querySelectorAll("button");
    for (const button of buttons) button.disabled = true;
    say("");
    try {
      await what();
    } catch (error) {
      say(error.message);
    }
    for (const button of buttons) button.disabled = false;
  };

  const post = async (path, fields) => {
    const answer = await fetch(path, { method: "POST", body: new URLSearchParams(fields), credentials: "omit", cache: "no-store", redirect: "error" });
    return answer.json();
  };

  const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

  // Until the provider has an answer, or another login has begun. Nothing: given up.
  const answered = async (begun, login) => {
    let interval = begun.interval * 1000;
    for (;;) {
      await sleep(interval);
      if (login !== logins) return null;
      const got = await post("/oauth/token", { grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code: begun.device_code });
      if (login !== logins) return null;
      if (got.error === "slow_down") interval += 5000;
      else if (got.error && got.error !== "authorization_pending") throw new Error("the login failed: " + (got.error_description || got.error));
      else if (got.access_token) return got;
    }
  };

  const logIn = async (provider) => {
    hideLogin();
    const login = logins;
    say("");
    try {
      const begun = await post("/oauth/device_authorization", { issuer: provider, expires_in: LIFE_S });
      if (begun.error) throw new Error("the login cannot begin: " + (begun.error_description || begun.error));
      const link = new URL(begun.verification_uri_complete || begun.verification_uri);
      if (!["https:", "http:"].includes(link.protocol)) throw new Error("the provider's link leads nowhere");
      if (login !== logins) return;
      at("device-link").href = link.href;
      at("device-link").textContent = visible(link.host);
      at("device-code").textContent = visible(begun.user_code);
      at("device").hidden = false;
      const got = await answered(begun, login);
      if (!got) return;
      hideLogin();
      proof = "Bearer " + got.access_token;
      ticket = got.ticket;
      await look();
    } catch (error) {
      if (proof === null) hideLogin();
      say(error.message);
    }
  };

  // Whom the gateway can send people to.
  const offer = async () => {
    const answer = await fetch("/v1/login", { credentials: "omit", cache: "no-store", redirect: "error" });
    const buttons = (await answer.json()).issuers.filter((issuer) => issuer.client_id).map((issuer) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Log in with " + visible(issuer.name);
      button.addEventListener("click", () => logIn(issuer.name));
      return button;
    });
    at("providers").replaceChildren(...buttons);
    at("providers").hidden = buttons.length === 0;
  };

  const decide = (act) => doing(async () => {
    const body = { reason: at("reason").value };
    if (act === "approve" && at("again").checked) body.again = true;
    const got = await ask("POST", "/v1/approvals/" + encodeURIComponent(id) + "/" + act, body);
    show(got.approval);
    say(act === "deny" ? "Denied." : got.approval.state === "pending" ? "Your yes counts; it needs more." : "Approved.");
  });

  at("id").textContent = visible(id);
  at("login").addEventListener("submit", doing(async () => {
    hideLogin();
    proof = proofOf(at("name").value.trim(), at("name").value.trim() ? at("proof").value : at("proof").value.trim());
    at("proof").value = "";
    await look();
  }));
  at("approve").addEventListener("click", decide("approve"));
  at("deny").addEventListener("click", decide("deny"));
  at("refresh").addEventListener("click", doing(look));
  at("reveal").addEventListener("click", doing(async () => {
    const got = await ask("POST", "/v1/approvals/" + encodeURIComponent(id) + "/reveal", {});
    show(got.approval);
    at("text").textContent = visible(got.revealed.text);
    list("values", got.revealed.values.map((part) => [part.name, part.value]));
  }));
  // A page that the browser keeps for its back button would keep the proof.
  addEventListener("pagehide", () => forget());
  offer().catch(() => {});
})();
