// The one way to the server.
//
// In:  requests of the screens, typed by our description (`schema.d.ts`, made from openapi.json).
// Out: answers, or `Problem` and `Unreachable`, thrown.
//
// Two answers are settled here, so that nothing typed is lost: 401 asks to sign in again and sends the request once more (it did nothing the
// first time), 428 `purpose_missing` asks for the purpose and sends it with it. Purposes are kept per matter, in this tab alone.
import createClient, { type Middleware } from "openapi-fetch";
import { Problem, problemOf, Unreachable } from "./problem";
import type { paths } from "./schema";

/** Asks the person at the screen; answers `undefined` when they give up. */
export interface Asks {
  signIn: () => Promise<boolean>;
  purpose: (path: string) => Promise<string | undefined>;
}

let asks: Asks = { signIn: async () => false, purpose: async () => undefined };
export function answerWith(answers: Asks): void {
  asks = answers;
}

const PURPOSE = "quanlian.purpose.";
const HEADER = "X-Quanlian-Purpose";

/** The matter that an address is about, or the address of what is not about one. */
function purposeKey(url: string): string {
  const path = new URL(url, window.location.origin).pathname;
  return PURPOSE + (/\/api\/v1\/matters\/([^/]+)/.exec(path)?.[1] ?? "other");
}

/** Asks what for, once for each matter in this tab; what is looked at from then on carries it to the trail. */
export async function statePurpose(matter: string): Promise<boolean> {
  const key = PURPOSE + matter;
  if (window.sessionStorage.getItem(key)) return true;
  const purpose = await asks.purpose(`/api/v1/matters/${matter}`);
  if (purpose) window.sessionStorage.setItem(key, purpose);
  return Boolean(purpose);
}

/** As `fetch`, with the two questions; what is not done is thrown. */
export async function send(input: Request | string, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  const key = purposeKey(request.url);
  const kept = window.sessionStorage.getItem(key);
  if (kept && !request.headers.has(HEADER)) request.headers.set(HEADER, encodeURIComponent(kept));
  const again = request.clone();
  const answer = await reach(request);
  if (answer.ok) return answer;
  const problem = await problemOf(answer);
  const isOfSession = new URL(request.url).pathname.startsWith("/api/v1/session");
  if (problem.status === 401 && !isOfSession && (await asks.signIn())) return send(again);
  if (problem.code === "purpose_missing") {
    const purpose = await asks.purpose(request.url);
    if (purpose) {
      window.sessionStorage.setItem(key, purpose);
      again.headers.set(HEADER, encodeURIComponent(purpose));
      return send(again);
    }
  }
  throw problem;
}

async function reach(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Unreachable();
  }
}

const settle: Middleware = {
  async onRequest({ request }) {
    return send(request);
  },
};

const client = createClient<paths>({ baseUrl: window.location.origin });
client.use(settle);

export const api = client;

/** The answer's body; `openapi-fetch` gives it beside the response. */
export async function body<T>(call: Promise<{ data?: T; response: Response }>): Promise<T> {
  const { data, response } = await call;
  if (data === undefined && response.status !== 204) throw new Problem(response.status, {}, null);
  return data as T;
}

/** JSON of an address that the description types as a bare object. */
export async function json<T>(path: string, init?: RequestInit): Promise<T> {
  const answer = await send(new URL(path, window.location.origin).href, init);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

/** What is told in the window after a write that was done: the method and the path. */
export const WRITTEN = "quanlian:written";

/** A write of JSON, with the version that was seen. */
export async function write<T>(
  method: "POST" | "PUT" | "DELETE",
  path: string,
  content?: unknown,
  seen?: { version?: string; key?: string },
): Promise<T> {
  const headers: Record<string, string> = {};
  if (content !== undefined) headers["Content-Type"] = "application/json";
  if (seen?.version) headers["If-Match"] = `"${seen.version}"`;
  if (seen?.key) headers["Idempotency-Key"] = seen.key;
  const answer = await json<T>(path, {
    method,
    headers,
    body: content === undefined ? undefined : JSON.stringify(content),
  });
  window.dispatchEvent(new CustomEvent(WRITTEN, { detail: `${method} ${path}` }));
  return answer;
}

/** A key under which the same write may be sent again after a lost answer. */
export function onceKey(): string {
  // `crypto.randomUUID` is there on secure pages alone, and a closed network may have none.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
