// The first-use tour: which steps each kind of role takes, and by what a step is seen to be done.
//
// Invariant: a step is ticked by what was really opened or written, or by the person; never by time.
import type { MessageKey } from "~/words/keys";

export type TourRole = "intake" | "handler" | "approver" | "police" | "procurator" | "court" | "admin" | "holder";

export interface TourStep {
  id: string;
  title: MessageKey;
  text: MessageKey;
  /** Where to go for it. */
  to: string;
  /** The address that was opened, or the write that was made. */
  seen: { visited: RegExp } | { written: RegExp };
}

const step = (id: StepId, to: string, seen: TourStep["seen"]): TourStep => ({
  id,
  title: `help.tour.${id}.title`,
  text: `help.tour.${id}.text`,
  to,
  seen,
});

const tab = (name: string) => new RegExp(`^/matters/[^/]+/${name}$`);

const STEPS = {
  workbench: { to: "/", seen: { visited: /^\/$/ } },
  list: { to: "/matters", seen: { visited: /^\/matters$/ } },
  matter: { to: "/matters", seen: { visited: /^\/(matters|filings)\/[^/]+$/ } },
  intake: { to: "/intake", seen: { written: /^POST \/api\/v1\/(matters|filings)$/ } },
  parties: { to: "/matters", seen: { written: /^POST \/api\/v1\/matters\/[^/]+\/ledger$/ } },
  goods: { to: "/matters", seen: { visited: tab("goods") } },
  evidence: { to: "/matters", seen: { visited: tab("evidence") } },
  law: { to: "/matters", seen: { visited: tab("law") } },
  papers: { to: "/matters", seen: { written: /^POST \/api\/v1\/matters\/[^/]+\/jobs$/ } },
  act: { to: "/matters", seen: { written: /^POST \/api\/v1\/matters\/[^/]+\/commands$/ } },
  approve: { to: "/", seen: { written: /^POST \/api\/v1\/matters\/[^/]+\/commands$/ } },
  share: { to: "/matters", seen: { visited: tab("sharing") } },
  transfer: { to: "/transfer", seen: { visited: /^\/transfer$/ } },
  verify: { to: "/verify", seen: { visited: /^\/verify$/ } },
  indicators: { to: "/indicators", seen: { visited: /^\/indicators\/[^/]+$/ } },
  accounts: { to: "/accounts", seen: { visited: /^\/accounts$/ } },
  audit: { to: "/audit", seen: { visited: /^\/audit$/ } },
  account: { to: "/account", seen: { visited: /^\/account$/ } },
} as const satisfies Record<string, Pick<TourStep, "to" | "seen">>;

type StepId = keyof typeof STEPS;

const TOURS: Record<TourRole, StepId[]> = {
  intake: ["workbench", "intake", "list", "matter", "evidence", "act", "account"],
  handler: ["workbench", "list", "matter", "evidence", "parties", "goods", "law", "papers", "act"],
  approver: ["workbench", "matter", "law", "approve", "share", "indicators"],
  police: ["workbench", "transfer", "matter", "goods", "act", "verify"],
  procurator: ["workbench", "transfer", "matter", "law", "indicators", "verify"],
  court: ["workbench", "list", "matter", "verify", "act"],
  admin: ["workbench", "accounts", "audit", "account"],
  holder: ["workbench", "intake", "matter", "verify", "account"],
};

/** Which tour the first of somebody's roles takes. */
const OF_ROLE: Record<string, TourRole> = {
  intake_clerk: "intake",
  handler: "handler",
  second_handler: "handler",
  lead: "handler",
  member_officer: "handler",
  agency_officer: "handler",
  analyst: "handler",
  reviewer: "approver",
  legal_reviewer: "approver",
  approver: "approver",
  head: "approver",
  police_receiver: "police",
  police_head: "police",
  police_officer: "police",
  procurator: "procurator",
  chief_procurator: "procurator",
  court_clerk: "court",
  administrator: "admin",
  auditor: "admin",
};

export function tourOf(roles: string[]): TourRole {
  return roles.map((role) => OF_ROLE[role]).find(Boolean) ?? "holder";
}

export function stepsFor(role: TourRole): TourStep[] {
  return TOURS[role].map((id) => step(id, STEPS[id].to, STEPS[id].seen));
}
