// What the server did not do, and why (RFC 9457), in the words of the reader.
import { say } from "~/words/words";

/** One thing that is missing or wrong, in both languages. */
export interface Lack {
  code: string;
  subject?: string;
  name?: { zh: string; en: string };
  wanted?: string[];
  text?: { zh: string; en: string };
}

export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  request_id: string;
  lacks?: Lack[];
  refusals?: { step?: number; code: string; text?: { zh: string; en: string }; message?: { zh: string; en: string } }[];
  current?: string;
  [more: string]: unknown;
}

export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly body: Partial<ProblemBody>;
  readonly retryAfterS: number | undefined;

  constructor(status: number, body: Partial<ProblemBody>, retryAfter: string | null) {
    super(body.detail ?? `HTTP ${status}`);
    this.status = status;
    this.code = body.code ?? "unknown";
    this.body = body;
    this.retryAfterS = retryAfter && /^\d+$/.test(retryAfter) ? Number(retryAfter) : undefined;
  }
}

/** The server was not reached: nothing is known about what became of the request. */
export class Unreachable extends Error {
  constructor() {
    super("the server was not reached");
  }
}

export async function problemOf(answer: Response): Promise<Problem> {
  let body: Partial<ProblemBody> = {};
  try {
    const read: unknown = await answer.clone().json();
    if (typeof read === "object" && read !== null) body = read;
  } catch {
    // A server in front answered with a page of its own: the status is all there is.
  }
  return new Problem(answer.status, body, answer.headers.get("retry-after"));
}

/** What went wrong in one sentence with what to do. */
export function explain(error: unknown): string {
  if (error instanceof Unreachable) return say("problem.unreachable");
  if (error instanceof Problem) {
    const key = `problem.code.${error.code}` as Parameters<typeof say>[0];
    const id = error.body.request_id ?? "–";
    const detail = error.body.detail ?? `HTTP ${error.status}`;
    const words = say(key, { seconds: error.retryAfterS ?? 60, id, detail });
    if (words !== key) return words;
    if (error.status >= 500) return say("problem.server", { id });
    return say("problem.other", { detail });
  }
  return say("problem.page", { detail: error instanceof Error ? error.message : String(error) });
}
