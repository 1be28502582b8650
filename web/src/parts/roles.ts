// The roles that an account may hold, and how far each reaches: as in policies/roles.toml, which a test compares.
import type { MessageKey } from "~/words/keys";

export interface Role {
  id: string;
  reach: "agency" | "unit" | "handled" | "nothing";
  /** Who holds this one holds no other. */
  alone: boolean;
  words: MessageKey;
}

const role = (id: string, reach: Role["reach"], alone = false): Role => ({
  id,
  reach,
  alone,
  words: `roles.${id}` as MessageKey,
});

export const ROLES: Role[] = [
  role("intake_clerk", "unit"),
  role("handler", "handled"),
  role("second_handler", "handled"),
  role("reviewer", "unit"),
  role("legal_reviewer", "agency"),
  role("approver", "agency"),
  role("head", "agency"),
  role("lead", "handled"),
  role("member_officer", "handled"),
  role("agency_officer", "agency"),
  role("police_receiver", "agency"),
  role("police_head", "agency"),
  role("police_officer", "handled"),
  role("procurator", "agency"),
  role("chief_procurator", "agency"),
  role("court_clerk", "agency"),
  role("analyst", "agency"),
  role("platform_officer", "handled"),
  role("right_holder", "handled"),
  role("complainant", "handled"),
  role("party", "handled"),
  role("user", "handled"),
  role("auditor", "nothing", true),
  role("administrator", "nothing", true),
  role("other_officer", "agency"),
  role("superior_officer", "agency"),
];

/** Whether these may be held by one person. */
export function areTogether(ids: string[]): boolean {
  return ids.length < 2 || !ROLES.some((one) => one.alone && ids.includes(one.id));
}

/** What a token may be for, and what roles allow. */
export const ACTIONS = [
  "clocks",
  "read",
  "write",
  "export",
  "share",
  "hand_over",
  "open",
  "hit",
  "indicators",
  "audit",
  "accounts",
  "agencies",
  "operate",
  "webhooks",
  "follow",
] as const;
