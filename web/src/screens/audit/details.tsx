// One line of the trail, whole; each part of it can be searched for.
import { Alert, Button, Descriptions, Tag } from "antd";
import { useMemo } from "react";
import { Link } from "react-router";
import { CopyButton } from "~/parts/copy";
import { useWords } from "~/words/words";
import type { Entry, Filter } from "./trail";

export interface TrailWords {
  action: (entry: Entry) => string;
  object: (entry: Entry) => string;
  result: (entry: Entry) => React.ReactNode;
  said: (entry: Entry) => string;
}

const BAD = ["denied", "refused"];

export function useTrailWords(): TrailWords {
  const { t, maybe } = useWords();
  return useMemo(() => {
    const said = (entry: Entry) =>
      entry.body ? maybe(`audit.results.${entry.body.result}`, entry.body.result) : t("audit.damaged");
    return {
      said,
      action: ({ body }) => (body ? maybe(`audit.actions.${body.action}`, body.action) : ""),
      object: ({ body }) => {
        if (!body) return "";
        const { kind, id } = body.object;
        const name = kind ? maybe(`audit.kinds.${kind}`, kind) : "";
        return id ? `${name} ${id}` : name;
      },
      result: (entry) =>
        !entry.body || BAD.includes(entry.body.result) ? (
          <strong className="audit-bad">{said(entry)}</strong>
        ) : (
          said(entry)
        ),
    };
  }, [t, maybe]);
}

export function Details({ entry, onFilter }: { entry: Entry; onFilter: (patch: Filter) => void }) {
  const { t, instant, maybe } = useWords();
  const words = useTrailWords();
  const { body } = entry;
  const only = (patch: Filter, label: string) => (
    <Button size="small" type="link" onClick={() => onFilter(patch)}>
      {label}
    </Button>
  );
  return (
    <>
      {entry.is_damaged && <Alert type="error" showIcon className="failed" title={t("audit.damaged_why")} />}
      <Descriptions
        bordered
        size="small"
        column={1}
        items={[
          { key: "at", label: t("audit.at"), children: `${instant(entry.recorded_at)} (${entry.recorded_at})` },
          ...(body
            ? [
                {
                  key: "actor",
                  label: t("audit.actor"),
                  children: (
                    <>
                      {entry.actor} {only({ actor: entry.actor }, t("audit.only"))}
                    </>
                  ),
                },
                { key: "by", label: t("audit.by"), children: maybe(`audit.ways.${body.by}`, body.by) },
                {
                  key: "action",
                  label: t("audit.action"),
                  children: (
                    <>
                      {words.action(entry)} <code>{body.action}</code> {only({ action: body.action }, t("audit.only"))}
                    </>
                  ),
                },
                {
                  key: "object",
                  label: t("audit.object"),
                  children: (
                    <>
                      {words.object(entry)} {body.object.id && only({ object: body.object.id }, t("audit.only"))}
                      {body.object.kind === "matter" && body.object.id && (
                        <Link to={`/matters/${body.object.id}`}>{t("audit.to_matter")}</Link>
                      )}
                    </>
                  ),
                },
                {
                  key: "result",
                  label: t("audit.result"),
                  children: (
                    <>
                      {words.result(entry)}{" "}
                      {body.why.map((why) => (
                        <Tag key={why} variant="outlined">
                          {why}
                        </Tag>
                      ))}
                    </>
                  ),
                },
                { key: "purpose", label: t("audit.purpose"), children: body.purpose ?? "–" },
                {
                  key: "address",
                  label: t("audit.address"),
                  children: (
                    <>
                      {body.address} {only({ address: body.address }, t("audit.only"))}
                    </>
                  ),
                },
              ]
            : []),
          { key: "strand", label: t("audit.strand"), children: <code className="audit-code">{entry.strand}</code> },
          { key: "number", label: t("audit.number"), children: entry.number },
          { key: "digest", label: t("audit.digest"), children: <code className="audit-code">{entry.digest}</code> },
          { key: "record", label: t("audit.record"), children: <code className="audit-code">{entry.id}</code> },
        ]}
      />
      <h2 className="audit-part">{t("audit.as_written")}</h2>
      <pre className="audit-json">{JSON.stringify(entry, null, 2)}</pre>
      <CopyButton text={JSON.stringify(entry)} />
    </>
  );
}
