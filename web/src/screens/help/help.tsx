// The manual inside the application: by contents, by search, by deep link from every page; and the first-use tour.
import { useQuery } from "@tanstack/react-query";
import { Button, Card, Input } from "antd";
import { Link, useSearchParams } from "react-router";
import { useSession } from "~/api/queries";
import { Empty, Shown } from "~/parts/broken";
import { Page } from "~/parts/page";
import { useWords } from "~/words/words";
import { type Block, find, GROUPS, type Section } from "./manual";
import "./help.css";
import { useTour } from "./tour-state";
import { stepsFor, tourOf } from "./tour-steps";

const LOAD = { zh: () => import("./manual.zh"), en: () => import("./manual.en") };

export function Component() {
  const { t, language } = useWords();
  const manual = useQuery({
    queryKey: ["manual", language],
    queryFn: async () => (await LOAD[language]()).default,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Page title={t("help.title")}>
      <Shown of={manual}>{(sections) => <Manual sections={sections} />}</Shown>
    </Page>
  );
}

function Manual({ sections }: { sections: Section[] }) {
  const { t } = useWords();
  const [asked, setAsked] = useSearchParams();
  const topic = asked.get("topic") ?? "start";
  const typed = asked.get("q") ?? "";
  const at = sections.findIndex((one) => one.id === topic);
  const section = sections[at];
  const next = sections[at + 1];
  return (
    <div className="help">
      <aside className="help-side no-print">
        <Input.Search
          aria-label={t("help.search")}
          placeholder={t("help.search")}
          allowClear
          defaultValue={typed}
          onChange={(event) => {
            const what = event.target.value;
            setAsked(what ? { q: what } : { topic }, { replace: true });
          }}
        />
        <nav aria-label={t("help.contents")}>
          {GROUPS.map((group) => (
            <section key={group}>
              <h2>{t(`help.group.${group}`)}</h2>
              <ul>
                {sections
                  .filter((one) => one.group === group)
                  .map((one) => (
                    <li key={one.id}>
                      <Link to={`/help?topic=${one.id}`} aria-current={!typed && one.id === topic ? "page" : undefined}>
                        {one.title}
                      </Link>
                    </li>
                  ))}
              </ul>
            </section>
          ))}
        </nav>
      </aside>
      <div className="stack">
        {!typed && topic === "start" && <TourCard />}
        {typed ? (
          <Found sections={sections} typed={typed} />
        ) : section ? (
          <Card>
            <article className="help-text">
              <h2>{section.title}</h2>
              {section.text.map((block, place) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the text of a section does not change
                <Piece key={place} block={block} />
              ))}
            </article>
            {next && (
              <p className="no-print">
                <Link to={`/help?topic=${next.id}`}>{t("help.next", { title: next.title })}</Link>
              </p>
            )}
          </Card>
        ) : (
          <Card>
            <Empty>{t("help.unknown")}</Empty>
          </Card>
        )}
      </div>
    </div>
  );
}

function Piece({ block }: { block: Block }) {
  if (typeof block === "string") return <p>{block}</p>;
  if ("head" in block) return <h3>{block.head}</h3>;
  if ("go" in block)
    return (
      <p className="no-print">
        <Link to={block.go}>→ {block.words}</Link>
      </p>
    );
  const lines = "steps" in block ? block.steps : block.list;
  const items = lines.map((line) => <li key={line}>{line}</li>);
  return "steps" in block ? <ol>{items}</ol> : <ul>{items}</ul>;
}

function Found({ sections, typed }: { sections: Section[]; typed: string }) {
  const { t } = useWords();
  const found = find(sections, typed);
  return (
    <Card>
      <output>{found.length > 0 ? t("help.found", { count: found.length }) : t("help.none", { what: typed })}</output>
      <ul className="help-found">
        {found.map(({ section, piece }) => (
          <li key={section.id}>
            <Link to={`/help?topic=${section.id}`}>{section.title}</Link>
            <div className="quiet">{piece}</div>
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** The tour that is for who reads. */
function TourCard() {
  const { t } = useWords();
  const { data: who } = useSession();
  const tour = useTour(who?.id);
  if (!who) return null;
  const role = tourOf(who.roles);
  const steps = stepsFor(role);
  const done = steps.filter((step) => tour.done.includes(step.id)).length;
  return (
    <Card size="small" title={`${t("help.tour.title")} · ${t(`help.tour.role.${role}`)}`} className="no-print">
      <p>{t("help.tour.why")}</p>
      <div className="row">
        <Button type="primary" onClick={() => tour.open()}>
          {t(done > 0 ? "help.tour.go_on" : "help.tour.start")}
        </Button>
        {done > 0 && <Button onClick={() => tour.begin()}>{t("help.tour.again")}</Button>}
        <span className="quiet">{t("help.tour.done", { done, total: steps.length })}</span>
      </div>
    </Card>
  );
}
