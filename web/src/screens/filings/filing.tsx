// What somebody filed, as far as they stated it or were told: where it stands, what they have to bring, what they were told, their files.
//
// Invariant: everything here comes from the filing; nothing is asked of the matter, which is not theirs.
import { Alert, Button, Card, Descriptions, Drawer, Table } from "antd";
import { useState } from "react";
import { Link, useParams } from "react-router";
import { download, headOf } from "~/api/content";
import { filed } from "~/api/place";
import { explain } from "~/api/problem";
import { useFiling } from "~/api/queries";
import type { FileView, Filing, Told } from "~/api/shapes";
import { Shown } from "~/parts/broken";
import { useFactWords } from "~/parts/facts";
import { useNames } from "~/parts/names";
import { useKindWords } from "~/parts/notice-kinds";
import { Page } from "~/parts/page";
import { Preview } from "~/parts/preview";
import { Uploads } from "~/parts/uploads";
import { useWords } from "~/words/words";
import { ReceiptBox } from "./receipt";
import { Supply } from "./supply";
import { TakeBack } from "./take-back";
import "./filings.css";

type Looked = { id: string; name: string; size_bytes: number };

export function Component() {
  const { t } = useWords();
  const { id = "" } = useParams();
  const filing = useFiling(id);
  return (
    <Page
      title={filing.data?.title || t("filings.name")}
      actions={
        <>
          {filing.data?.acts
            .filter((act) => act.possible && act.kind === "withdraw")
            .map((act) => filing.data && <TakeBack key={act.act} filing={filing.data} act={act} />)}
          <Link to="/filings">
            <Button>{t("filings.title")}</Button>
          </Link>
        </>
      }
    >
      <Shown of={filing}>{(found) => <Whole key={found.id} filing={found} />}</Shown>
    </Page>
  );
}

function Whole({ filing }: { filing: Filing }) {
  const { t } = useWords();
  const [looked, setLooked] = useState<Looked>();
  const [error, setError] = useState<unknown>();
  const place = filed(filing.id);
  const save = async (file: Looked) => {
    setError(undefined);
    try {
      await download(place, file);
    } catch (failed) {
      setError(failed);
    }
  };
  // Of a paper that was served the filing tells the id alone.
  const served: Hands["served"] = (file, then) => {
    setError(undefined);
    headOf(place, file).then(then).catch(setError);
  };
  return (
    <div className="stack">
      <ReceiptBox filing={filing} head={t("filings.receipt")} />
      <Supply filing={filing} />
      {error !== undefined && <Alert type="error" showIcon role="alert" title={explain(error)} />}
      <ToldCard filing={filing} look={setLooked} save={save} served={served} />
      <Stated filing={filing} />
      <Files filing={filing} look={setLooked} save={save} />
      <Drawer open={looked !== undefined} size={720} title={looked?.name} onClose={() => setLooked(undefined)}>
        {looked && <Preview matter={place} file={looked} />}
      </Drawer>
    </div>
  );
}

interface Hands {
  filing: Filing;
  look: (file: Looked) => void;
  save: (file: Looked) => Promise<void>;
  served: (file: string, then: (found: Looked) => void | Promise<void>) => void;
}

/** What they were told, the newest first. */
function ToldCard({ filing, look, save, served }: Hands) {
  const { t, instant, pick } = useWords();
  const words = useKindWords();
  const paper = (one: Told["papers"][number]) => {
    if (!one.file) return one.place && t("filings.place", { place: one.place });
    const file = one.file;
    const name = pick(one.name);
    return (
      <span className="row no-print">
        <Button size="small" aria-label={t("filings.look_of", { name })} onClick={() => served(file, look)}>
          {t("filings.look_at")}
        </Button>
        <Button size="small" aria-label={t("filings.save_of", { name })} onClick={() => served(file, save)}>
          {t("filings.save")}
        </Button>
      </span>
    );
  };
  return (
    <Card title={t("filings.told")}>
      <ul className="filing-told">
        {[...filing.told].reverse().map((one) => (
          <li key={`${one.at} ${one.template}`}>
            <strong>{words(one.template)}</strong> <span className="quiet">{instant(one.at)}</span>
            {one.reason && (
              <div className="typed">
                {t("filings.told_reason")} {one.reason}
              </div>
            )}
            {one.papers.length > 0 && (
              <ul className="filing-papers">
                {one.papers.map((served) => (
                  <li key={served.paper}>
                    <span className="row">
                      {pick(served.name)} {paper(served)}
                    </span>
                  </li>
                ))}
              </ul>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Stated({ filing }: { filing: Filing }) {
  const { t, pick } = useWords();
  const names = useNames();
  const factWords = useFactWords();
  const definition = names.definition(filing.procedure, filing.procedure_version);
  const fileOf = (place: string) =>
    place.startsWith("file:") ? filing.files.find((one) => one.id === place.slice("file:".length))?.name : undefined;
  const rows = [
    { key: "agency", label: t("filings.agency"), children: names.agency(filing.agency) },
    ...Object.entries(filing.facts).map(([id, value]) => ({
      key: `f ${id}`,
      label: pick(definition?.fact.find((one) => one.id === id)?.name) || id,
      children: factWords(value, id),
    })),
    ...Object.entries(filing.papers).map(([id, place]) => ({
      key: `p ${id}`,
      label: pick(definition?.paper.find((one) => one.id === id)?.name) || id,
      children: fileOf(place) ?? place,
    })),
  ];
  return (
    <Card title={t("filings.stated")}>
      <Descriptions size="small" column={1} bordered items={rows} />
    </Card>
  );
}

function Files({ filing, look, save }: Omit<Hands, "served">) {
  const { t, maybe, size, instant } = useWords();
  const [isMore, setMore] = useState(false);
  return (
    <Card
      title={t("filings.files")}
      extra={
        filing.status !== "closed" && (
          <Button className="no-print" aria-expanded={isMore} onClick={() => setMore(!isMore)}>
            {t("filings.more_files")}
          </Button>
        )
      }
    >
      <div className="stack">
        {isMore && <Uploads matter={filed(filing.id)} />}
        <Table<FileView>
          rowKey="id"
          size="small"
          dataSource={filing.files}
          scroll={{ x: 640 }}
          locale={{ emptyText: t("filings.no_files") }}
          pagination={filing.files.length > 50 ? { pageSize: 50, showSizeChanger: false } : false}
          columns={[
            {
              key: "name",
              title: t("filings.file_name"),
              render: (_, row) => (
                <Button
                  type="link"
                  className="filing-files"
                  aria-label={t("filings.look_of", { name: row.name })}
                  onClick={() => look(row)}
                >
                  {row.name}
                </Button>
              ),
            },
            {
              key: "kind",
              title: t("filings.file_kind"),
              width: 150,
              render: (_, row) => maybe(`uploads.kind.${row.kind}`, row.kind),
            },
            {
              key: "size",
              title: t("filings.file_size"),
              width: 110,
              align: "right",
              render: (_, row) => <span className="number">{size(row.size_bytes)}</span>,
            },
            { key: "at", title: t("filings.file_at"), width: 170, render: (_, row) => instant(row.at) },
            {
              key: "save",
              title: <span className="hidden-text">{t("filings.save")}</span>,
              width: 90,
              render: (_, row) => (
                <Button
                  size="small"
                  className="no-print"
                  aria-label={t("filings.save_of", { name: row.name })}
                  onClick={() => void save(row)}
                >
                  {t("filings.save")}
                </Button>
              ),
            },
          ]}
        />
      </div>
    </Card>
  );
}
