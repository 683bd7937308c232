// The server's REST API, as for any other client, and the list of models.

const SPECIAL = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;

// The server writes NaN and Infinity, which JavaScript's JSON does not have: they become null here.
function parse(text) {
  return JSON.parse(text.replace(SPECIAL, (found) => (found[0] === '"' ? found : "null")));
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server cannot be reached. Is it still running?");
  }
  const text = await response.text();
  if (!response.ok) throw new Error(`The server says (${response.status}): ${errorText(text)}`);
  return parse(text);
}

// Without the place in the graph, which TensorFlow appends.
function errorText(text) {
  try {
    return String(JSON.parse(text).error).split("\n\t [[")[0];
  } catch {
    return text.slice(0, 500);
  }
}

async function listModels() {
  return (await ask("playground/models.json")).models;
}

const pathOf = (model) => `v1/models/${encodeURIComponent(model.name)}:predict`;

const bodyOf = (request) => JSON.stringify({ signature_name: request.signature, inputs: request.inputs });

// Runs a request {signature, inputs}, the inputs in columns, and returns the columns of the outputs by name.
async function predict(model, request, signal) {
  const answer = await ask(pathOf(model), { method: "POST", body: bodyOf(request), signal });
  const names = Object.keys(model.signatures[request.signature].outputs);
  return names.length === 1 ? { [names[0]]: answer.outputs } : answer.outputs;
}

function curlOf(model, request) {
  const quoted = bodyOf(request).replaceAll("'", "'\\''");
  return `curl -d '${quoted}' '${new URL(pathOf(model), location.href)}'`;
}
