// The trail as the server tells it, and what it can be searched by.
import { halfWidth } from "~/words/format";

export interface Entry {
  id: string;
  strand: string;
  number: number;
  digest: string;
  recorded_at: string;
  actor?: string;
  /** The record of the line is gone or is not what was written. */
  is_damaged?: boolean;
  body?: {
    action: string;
    object: Record<string, unknown> & { kind?: string; id?: string };
    result: string;
    why: string[];
    by: string;
    address: string;
    purpose: string | null;
  };
}

export interface TrailPage {
  entries: Entry[];
  next: string | null;
}

export const NAMES = ["actor", "action", "object", "kind", "result", "address", "from", "until", "direction"] as const;
export type Filter = Partial<Record<(typeof NAMES)[number], string>>;
export const PAGE = 200;

const instant = (text: string | undefined) => {
  const at = text ? new Date(text) : undefined;
  return at && !Number.isNaN(at.getTime()) ? at.toISOString() : undefined;
};

export function trailPath(filter: Filter, after?: string): string {
  const asked = new URLSearchParams({
    limit: `${PAGE}`,
    // The newest first, unless somebody reads from the beginning.
    direction: filter.direction === "ascending" ? "ascending" : "descending",
  });
  for (const name of ["actor", "action", "object", "kind", "result", "address"] as const) {
    const value = halfWidth(filter[name] ?? "").trim();
    if (value) asked.set(name, value);
  }
  for (const name of ["from", "until"] as const) {
    const at = instant(filter[name]);
    if (at) asked.set(name, at);
  }
  if (after) asked.set("after", after);
  return `/api/v1/audit?${asked}`;
}

/** What a check found, added up over its parts (`quanlian_store::trail::check::Part`). */
export interface Part {
  strands: number;
  lines: number;
  anchored: number;
  anchors: number;
  in_log: number;
  elsewhere: number;
  records: number;
  entries: number;
  pruned: { strand: string; through: number; at: string; record: string }[];
  findings: {
    what: string;
    strand?: string;
    number?: number;
    through?: number;
    record?: string;
    log_index?: number;
  }[];
  more_findings: number;
}

export interface Check {
  sound: boolean;
  has_log: boolean;
  part: Part;
  not_anchored: { since: string; code: string } | null;
  next: string | null;
}

export const NOTHING: Part = {
  strands: 0,
  lines: 0,
  anchored: 0,
  anchors: 0,
  in_log: 0,
  elsewhere: 0,
  records: 0,
  entries: 0,
  pruned: [],
  findings: [],
  more_findings: 0,
};

const MAX_FINDINGS = 500;

export function added(all: Part, next: Part): Part {
  const findings = [...all.findings, ...next.findings];
  return {
    strands: all.strands + next.strands,
    lines: all.lines + next.lines,
    anchored: all.anchored + next.anchored,
    anchors: all.anchors + next.anchors,
    in_log: all.in_log + next.in_log,
    elsewhere: all.elsewhere + next.elsewhere,
    records: all.records + next.records,
    entries: all.entries + next.entries,
    pruned: [...all.pruned, ...next.pruned].slice(0, MAX_FINDINGS),
    findings: findings.slice(0, MAX_FINDINGS),
    more_findings: all.more_findings + next.more_findings + Math.max(0, findings.length - MAX_FINDINGS),
  };
}

/** Whether a copy of the trail is whole: its last line says how many lines there are, and so many there are. */
export function wholeCopy(text: string): number | undefined {
  const lines = text.split("\n").filter((line) => line !== "");
  try {
    const last = JSON.parse(lines.at(-1) ?? "") as { end?: boolean; lines?: number };
    return last.end === true && last.lines === lines.length - 1 ? last.lines : undefined;
  } catch {
    return undefined;
  }
}
