// The manual in English: the other pages, what it rests on, running it. Sections and their order are those of manual-rest.zh.ts.
import type { Section } from "./manual";

export const restSections: Section[] = [
  {
    id: "search",
    group: "screens",
    title: "Search",
    text: [
      "Numbers, titles, facts, parties, goods and tasks. Every word that you type must be there; Chinese is found anywhere, Latin words and numbers where a word begins so; width and case do not matter.",
      "What you may see and nothing else, also in counts. The trail says that somebody searched, not for what.",
      { go: "/search", words: "Search" },
    ],
  },
  {
    id: "notices",
    group: "screens",
    title: "Notices",
    text: [
      "An act tells whom its procedure names. Handlers are told when a clock turns yellow, red or overdue, and those above them after that.",
      "A notice holds number, stage and clock and no content. Mail is set under My account.",
      { go: "/notices", words: "Notices" },
    ],
  },
  {
    id: "transfer",
    group: "screens",
    title: "Transfer and supervision",
    text: [
      "Transfers of suspected crimes, their receipt, filing, reconsideration, supervision and the handing over of goods, each with its clock, on one page.",
      "The police accept here or refuse with a reason; procurators see what is overdue, not transferred or not filed.",
      "The papers of a transfer are made together in the tab Papers of the matter.",
      { go: "/transfer", words: "Transfer and supervision" },
    ],
  },
  {
    id: "hits",
    group: "screens",
    title: "Names elsewhere",
    text: [
      "With a purpose you may ask whether other agencies hold a matter that names the same right, link or account: which agency, and nothing else.",
      "Fifty names at once, 500 an hour; every question is in the trail.",
      { go: "/hits", words: "Names elsewhere" },
    ],
  },
  {
    id: "indicators",
    group: "screens",
    title: "Indicators",
    text: [
      "Every figure has its definition, version and source, and opens the matters behind it. A value that nobody filed is missing and not zero.",
      "It counts what you may see; so two people may see two figures, and there are none across agencies.",
      { go: "/indicators", words: "Indicators" },
    ],
  },
  {
    id: "clocks",
    group: "ground",
    title: "Clocks and lights",
    text: [
      {
        list: [
          "Green (round): time enough. Yellow (diamond): near. Red (square): nearly over or overdue. Shape and words say the same as the colour.",
          "Overdue is a duty that was not done in time; closed unused is a right that nobody used, and nobody is late.",
          "Undetermined: the calendar of a year is missing, or no version of the rule holds for that day. Nothing is guessed.",
          "Stands still: the period is suspended and goes on afterwards.",
        ],
      },
      "“How it is counted” shows each step: from which day, calendar or working days, by which article. Where the law leaves it open, the other reading is shown.",
      "Working days follow the published holidays and make-up days. Days are those of Beijing.",
    ],
  },
  {
    id: "verify",
    group: "ground",
    title: "Verify evidence",
    text: [
      {
        steps: [
          "Open Verify evidence and drop a bundle, or a file with its receipt.",
          "It is checked in the browser; nothing is uploaded.",
          "Each check is named: digest, deposit, log, witnesses, trusted time.",
        ],
      },
      "A pass says that the content has not changed since its deposit and existed then; not that it is true, nor that it was lawfully obtained.",
      "It works without us too: a bundle explains how, with openssl and sha256sum.",
      { go: "/verify", words: "Verify evidence" },
    ],
  },
  {
    id: "rules",
    group: "ground",
    title: "Rules of law",
    text: [
      "Every rule in use: its source, versions, days in force, examples, open questions, and whether somebody has read the source text.",
      "Versions are chosen by the day of the conduct and of the judgment; an amendment changes no old answer.",
      { go: "/law", words: "Rules of law" },
    ],
  },
  {
    id: "procedures",
    group: "ground",
    title: "Procedures",
    text: [
      "Stages, acts, papers, approvals, clocks and sources of each procedure. A matter stays with the version it was opened under unless somebody upgrades it.",
      { go: "/procedures", words: "Procedures" },
    ],
  },
  {
    id: "administration",
    group: "system",
    title: "Accounts, agencies, webhooks",
    text: [
      {
        list: [
          "Accounts: make them and give roles; a first password opens nothing but its own change. Nobody is administrator or auditor and works on matters too.",
          "Agencies and units: names and codes; codes stay as they are.",
          "Webhooks: notices to other programs, numbers and clocks alone; the secret is shown once.",
        ],
      },
      "Administrators see no matter.",
      { go: "/accounts", words: "Accounts" },
    ],
  },
  {
    id: "audit",
    group: "system",
    title: "Audit trail",
    text: [
      "Every look and write is written down before the answer: who, what, whether it was allowed, by which rule, what for. No content.",
      "Lines are linked by digests and go into the evidence log. The check recomputes them and names lines that are missing, changed or put in.",
      { go: "/audit", words: "Audit trail" },
    ],
  },
  {
    id: "account",
    group: "system",
    title: "My account",
    text: [
      {
        list: [
          "Password: after a change your other sessions end.",
          "Second factor: scan the code, keep the recovery codes; each works once.",
          "Tokens: for programs, with a scope and an end; shown once.",
          "Mail: an address, the code that comes there, and which notices you want.",
        ],
      },
      { go: "/account", words: "My account" },
    ],
  },
  {
    id: "problems",
    group: "system",
    title: "When something goes wrong",
    text: [
      {
        list: [
          "The server was not reached: what you typed is there; send it again when the network is back. It is not done twice.",
          "Your session ended: sign in and it goes on.",
          "Somebody else has just written: look at it as it is now and send again.",
          "Nothing here, or not yours to see: both get the same answer. Roles come from your administrator, grants from the agency that handles the matter.",
          "A purpose is asked for: matters of this kind are read for a stated purpose, which the trail keeps.",
          "An upload broke off: open the page again; it goes on where it was, for seven days.",
          "Too many requests: wait as long as it says.",
          "The server failed: note the id and give it to your administrator.",
          "A paper or a comparison did not come about: read why, supply what is missing, ask again.",
          "The page looks wrong: open it again; if it stays so, use a newer browser.",
        ],
      },
      "When you report something, name the matter's number (no content), the time and the id.",
    ],
  },
  {
    id: "keyboard",
    group: "system",
    title: "Keyboard and accessibility",
    text: [
      {
        list: [
          "Everything works by the keyboard: Tab and Shift+Tab move, Enter or space acts, Esc closes.",
          "“Skip to the content” at the top jumps over the menu.",
          "Charts have tables beside them; nothing is said by colour alone.",
          "Larger type is under your name; pages work at 200% zoom.",
          "Nothing moves where your system asks for less motion.",
        ],
      },
    ],
  },
];
