// Doing an act: the papers that it makes are made first, then it is told, as one thing to who watches.
//
// Invariant: papers do not count as acts; where somebody else acted meanwhile, nothing is told and the caller hears of it.
import { json, onceKey, write } from "~/api/client";
import { Problem } from "~/api/problem";
import type { Job, Matter } from "~/api/shapes";
import { type Answers, given, toMake } from "./asked";

const WAIT_MS = 400;
const LONGEST_MS = 120_000;

/** Has the program set a paper; gives the file. */
export async function makePaper(matter: string, paper: string, text: string, key: string): Promise<string> {
  let job = await write<Job>(
    "POST",
    `/api/v1/matters/${matter}/jobs`,
    { task: { kind: "paper", paper, text } },
    { key },
  );
  const end = Date.now() + LONGEST_MS;
  while (job.ended_at === null) {
    if (Date.now() > end) throw new Problem(504, { code: "job_slow", detail: "the paper is not ready yet" }, null);
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    job = await json<Job>(`/api/v1/matters/${matter}/jobs/${job.id}`);
  }
  const file = job.result?.files?.paper;
  if (!file) {
    const refused = job.result?.refused;
    const detail = typeof refused === "string" ? refused : refused ? JSON.stringify(refused) : (job.error ?? job.state);
    throw new Problem(422, { code: "paper_not_made", detail }, null);
  }
  return file;
}

export interface Progress {
  done: number;
  total: number;
}

export async function perform(
  matter: Matter,
  act: string,
  answers: Answers,
  made: Record<string, string>,
  tell: (progress: Progress) => void,
): Promise<Matter> {
  const wanted = toMake(answers).filter((paper) => !made[paper]);
  const total = wanted.length + 1;
  const text = answers.text.trim() || answers.reason.trim();
  for (const [done, paper] of wanted.entries()) {
    tell({ done, total });
    made[paper] = await makePaper(matter.id, paper, text, onceKey());
  }
  tell({ done: wanted.length, total });
  let version = matter.version;
  if (wanted.length > 0) {
    const now = await json<Matter>(`/api/v1/matters/${matter.id}`);
    if (now.state?.seq !== matter.state?.seq) throw new Problem(412, { code: "matter_conflict" }, null);
    version = now.version;
  }
  const body = {
    command: { do: "act", act, given: given(answers, made) },
    ...(answers.happened ? { happened: answers.happened } : {}),
    ...(answers.persons.length > 0 ? { with: answers.persons } : {}),
  };
  return write<Matter>("POST", `/api/v1/matters/${matter.id}/commands`, body, { version, key: onceKey() });
}
