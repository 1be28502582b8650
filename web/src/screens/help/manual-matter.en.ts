// The manual in English: beginning, and the page of a matter. Sections and their order are those of manual-matter.zh.ts.
import type { Section } from "./manual";

export const matterSections: Section[] = [
  {
    id: "start",
    group: "begin",
    title: "Start here",
    text: [
      "quanlian holds a right through its whole chain: registration, deposit, comparison, complaint, case, transfer, judgment. Every step can be checked by somebody who does not trust us.",
      { head: "Your first sign-in" },
      {
        steps: [
          "Sign in with the login and the first password that your administrator gave you; you are asked for a password of your own at once (twelve signs or more; a few unrelated words will do).",
          "Set a second factor under My account and write the recovery codes down.",
          "Look at the workbench: what waits for you is there.",
        ],
      },
      "The language is switched at the top right; larger type is under your name. Every page can be printed and has a link to its section here.",
      "After half an hour without use you are asked to sign in again; what you typed is still there.",
      { go: "/account", words: "My account" },
    ],
  },
  {
    id: "roles",
    group: "begin",
    title: "What each role does first",
    text: [
      {
        list: [
          "Right holder, complainant: file a complaint, follow it under Matters, supply what is asked for.",
          "Intake clerk: complaints wait on the workbench; look at hints of duplicates first, then accept, ask for papers, pass on or refuse.",
          "Handler: matters by what is due next; hand in evidence, compare, assess, enter parties and goods, make papers, propose.",
          "Second handler: present at acts that take two; the handler names you.",
          "Reviewer, legal reviewer, approver, head: what waits for you is on the workbench; read, then agree or refuse with a reason.",
          "Police receiver: transfers wait under Transfer and supervision; the days to decide run in the matter.",
          "Procurator: overdue, not transferred and not filed matters under Transfer and supervision; ask for reasons.",
          "Court clerk: enter judgments, verify evidence.",
          "Analyst: matches, names elsewhere, indicators.",
          "Administrator: accounts and agencies, and no content. Auditor: the trail, and no matters.",
        ],
      },
      "Roles say what you may do; a page that is not in your menu is one that your roles do not need.",
    ],
  },
  {
    id: "workbench",
    group: "begin",
    title: "Workbench",
    text: [
      "What waits for you, by your role: matters due first, proposals to decide on, your tasks, unread notices.",
      "Red first (overdue or nearly so), then yellow. Every line leads to its matter.",
      { go: "/", words: "Workbench" },
    ],
  },
  {
    id: "intake",
    group: "begin",
    title: "Filing a complaint",
    text: [
      {
        steps: [
          "Answer page by page, one group of questions each; leave at any time and go on later.",
          "Name rights, links and accounts, so that duplicates are found.",
          "Hand in the works and what infringes them; large files go on where the line broke.",
          "Check the answers and change what is wrong.",
          "Send it. Keep the number and the receipt with its QR code.",
        ],
      },
      "Whatever is missing is told at once, and can be supplied before the complaint is accepted.",
      { go: "/intake", words: "File a complaint" },
    ],
  },
  {
    id: "matters",
    group: "begin",
    title: "The list of matters",
    text: [
      "The matters that you may see. Filter by procedure, stage, day, handler and number, sort by column.",
      "The address holds the filter: a bookmark keeps it, and a colleague to whom you send it sees the same filter over what is theirs to see.",
      "Lines with number, stage and days alone are matters of other agencies that let you see their clocks.",
      { go: "/matters", words: "Matters" },
    ],
  },
  {
    id: "matter",
    group: "matter",
    title: "The page of a matter",
    text: [
      "One page for every procedure. From the top: number and stage, where it stands, proposals, what can be done now, clocks, tabs.",
      { head: "Doing an act" },
      {
        steps: [
          "Choose what can be done; you are asked for what this act needs and nothing else.",
          "Papers that the program makes are drawn up first.",
          "Where two have to be present, name the others.",
          "What needs approval becomes a proposal that the next level agrees to or refuses.",
        ],
      },
      "What cannot be done now says why, with everything that is missing at once.",
      "What happened earlier is entered with its day; clocks run by it, and the log tells both.",
      "A mistake is corrected by a correction; nothing is deleted.",
      "When somebody else has just written to the matter, look at it and send again; what you typed is kept.",
    ],
  },
  {
    id: "parties",
    group: "matter",
    title: "Parties",
    text: [
      "Where the name is not known, an account will do: kind “not known yet”, corrected later.",
      "Check digits of citizens' numbers and social credit codes are checked as you type; full-width digits are fine. A number that is wrong on the paper itself stands with its reason, and stays a finding.",
      "Numbers, phones and addresses are masked. To see them whole you state a purpose, which the trail keeps. They are masked on paper too.",
      { head: "Many at once" },
      {
        steps: [
          "Copy rows in Excel or out of a table in Word.",
          "Press “Paste a table” and paste. The first row may name the columns, in any order.",
          "The preview names what is wrong with a row. Good rows are entered; the others stay in the box.",
        ],
      },
      "Corrections and withdrawals take a reason; what stood before is in the log. What others refer to is corrected there first.",
    ],
  },
  {
    id: "evidence",
    group: "matter",
    title: "Evidence",
    text: [
      "Every file is deposited as it arrives and has a receipt: its digest, when, and where in the log. Files never change; one that does not belong there is withdrawn with a reason.",
      "Kinds: work, suspect, side file, evidence, report, paper, bundle. Reports, papers and bundles are made by the program alone.",
      "A bundle can be verified offline by anybody with common tools; see Verify evidence.",
      "Nothing that was uploaded runs here; it is shown as picture, sound, film or text.",
    ],
  },
  {
    id: "goods",
    group: "matter",
    title: "Goods",
    text: [
      "Name, quantity, measure, day and place of the taking, holder, place, seal, and the decision. For many, paste a table and say what they have in common once.",
      "Values stand by the basis of the price and are never added over bases; what has no price is in no sum.",
      { head: "Movements" },
      {
        list: [
          "Examination, storage, handing over, return, destruction, sale and loss are movements. A part that moves becomes a lot; lots together are always what was taken.",
          "Whoever gives goods holds them; handing over, return, destruction and sale name a paper, destruction a witness.",
          "What was out of order can be entered with its reason; it stays red, and custody counts as having gaps.",
          "What has moved keeps its quantity, day, holder and place, and is not withdrawn.",
        ],
      },
      "Open an entry for its chain of custody, as a time line or a table. The list can be exported, and printed with places for signatures.",
    ],
  },
  {
    id: "matches",
    group: "matter",
    title: "Matches and their review",
    text: [
      "A comparison runs in the background with progress, rate and time left; it can be cancelled, and you may leave the page.",
      "Results stand by strength, with segments, likeness, and how often such a match is expected by chance (the smaller the stronger). They are leads that people review.",
      "The review plays both sides together, lays pictures over each other, aligns text and code; confirm or reject by the keyboard, with undo. The keys stand on the page.",
      "What was rejected is in no later assessment, which names what was left out and by whom.",
    ],
  },
  {
    id: "assessment",
    group: "matter",
    title: "The legal assessment and its limits",
    text: [
      "It gives reasons and no bare verdict: each level names the article, its version, the facts and the evidence behind them.",
      {
        list: [
          "A tier that is reached: the facts on file establish it.",
          "Below: every line is excluded.",
          "Undetermined: facts are missing and named; supply them and assess again.",
          "Not checked: nobody has read the source text; read it yourself.",
        ],
      },
      "The old and the new law are both shown whole and never mixed; where they point apart a person chooses.",
      "What the law leaves open is named, with what it would change.",
      "An assessment is no decision. Who has the power decides about people.",
    ],
  },
  {
    id: "papers",
    group: "matter",
    title: "Papers",
    text: [
      {
        steps: [
          "See first what is missing: which act asks for it, whether the program makes it or it comes from outside.",
          "Write what the papers say, with your usual phrases; they are kept for you in this browser.",
          "What the program can make is chosen already; “Make” draws up all of it together.",
          "Look at the drafts and put them on file. A paper that exists on paper is filed by its number; what comes from outside is handed in under Evidence.",
        ],
      },
      "A draft is filled in from what is on file and has no effect until it is approved, signed and sealed. What is not known is a blank.",
    ],
  },
  {
    id: "tasks",
    group: "matter",
    title: "Tasks",
    text: [
      "For what the procedure does not ask for: a day, a person, the parties and goods it is about.",
      "An agency gives tasks to its own people; another one names its own.",
      "Take a task that nobody has with “I do it”. A note may be left at its end; it can be taken up again with a reason.",
      "Overdue ones show in the matter, on the workbench and in notices.",
    ],
  },
  {
    id: "sharing",
    group: "matter",
    title: "Sharing and grants",
    text: [
      "Without a grant no other agency knows that a matter exists. An agency that an act names, such as the police of a transfer, gets what it needs with that act.",
      {
        steps: [
          "Choose the agency; write purpose and article (what you used last is filled in).",
          "Choose what they may do: clocks, read, take copies out, act; until when; how it has to be handled.",
          "Give. It ends by itself with its day, and can be taken back before.",
        ],
      },
      "A grant is of the whole matter. Nobody gives what they do not have.",
      "“Who looked” lists every look and write, refused ones too, for those who give grants in the agency that handles it.",
    ],
  },
  {
    id: "log",
    group: "matter",
    title: "Log",
    text: [
      "Everything that happened, in its order, in a sentence each: who, in which role, what, what was given, how the stage changed.",
      "Where it happened at another time than it was recorded, both are told. What was corrected names its correction.",
      "“Raw event” shows what is stored, its digest and the digest before: whoever changes one breaks all that follow.",
      "It can be filtered by kind, person and words, and printed.",
    ],
  },
];
