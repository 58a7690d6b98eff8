// A program as others write it: photos as a form with parts, nested prompts, waiting, results.
// Needs Node alone: fetch, FormData and Blob are its own.
import { readFile } from "node:fs/promises";

const { API, API_KEY, ADVANCE } = process.env;
const headers = { Authorization: `Bearer ${API_KEY}` };

async function call(method, path, body) {
  const response = await fetch(`${API}${path}`, { method, headers, body });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return { status: response.status, body: text ? JSON.parse(text) : null };
}

const form = new FormData();
form.append("tune[title]", "Ada, übung ☀");
form.append("tune[name]", "woman");
form.append("tune[branch]", "");
form.append("tune[base_tune_id]", "1504944");
form.append("tune[model_type]", "lora");
form.append("tune[callback]", "https://hooks.example.com/astria?user=7");
for (const name of ["1.jpg", "2.jpg", "3.jpg"]) {
  form.append("tune[images][]", new Blob([await readFile(name)], { type: "image/jpeg" }), name);
}
for (const [n, text] of ["ohwx woman at sea", "ohwx woman in the hills"].entries()) {
  form.append(`tune[prompts_attributes][${n}][text]`, text);
  form.append(`tune[prompts_attributes][${n}][num_images]`, "2");
}
const created = await call("POST", "/tunes", form);

let tune = created.body;
for (let looks = 0; !tune.trained_at && looks < 30; looks += 1) {
  await call("POST", ADVANCE, new URLSearchParams({ seconds: "600" }));
  tune = (await call("GET", `/tunes/${tune.id}`)).body;
}
await call("POST", ADVANCE, new URLSearchParams({ seconds: "600" }));
const prompts = (await call("GET", `/tunes/${tune.id}/prompts?limit=100`)).body;
const pictures = [];
for (const url of prompts.flatMap((prompt) => prompt.images)) {
  const picture = await fetch(url);
  const bytes = Buffer.from(await picture.arrayBuffer());
  pictures.push({ type: picture.headers.get("content-type"), start: bytes.toString("hex", 0, 3) });
}
let refusal = "";
try {
  await call("POST", "/tunes", new URLSearchParams({ "tune[name]": "a_woman" }));
} catch (error) {
  refusal = error.message;
}
console.log(JSON.stringify({ created, tune, prompts, pictures, refusal }));
