// An evidence bundle: files with everything that proves them, for somebody who does not trust us.
import { DownloadOutlined } from "@ant-design/icons";
import { Alert, Button, Card } from "antd";
import { useState } from "react";
import { Link } from "react-router";
import { download } from "~/api/content";
import { explain } from "~/api/problem";
import { useJobs } from "~/api/queries";
import type { FileView } from "~/api/shapes";
import { JobProgress, useJob } from "~/parts/job-progress";
import { Several } from "~/parts/several";
import { useWords } from "~/words/words";

export function Bundling({ matter, files }: { matter: string; files: FileView[] }) {
  const { t, compare } = useWords();
  const work = useJob(matter);
  const jobs = useJobs(matter);
  const [chosen, setChosen] = useState<string[]>([]);
  const [error, setError] = useState<unknown>();
  // One that runs already is followed, whoever asked for it.
  const job = work.job ?? jobs.data?.find((one) => one.kind === "bundle" && one.ended_at === null);
  const made = files.find((one) => one.id === job?.result?.files?.["bundle"]);
  const can = files.filter((one) => one.kind !== "bundle" && !one.withdrawn);
  const waiting = can.filter((one) => !one.receipt).length;
  const ask = () => void work.ask(chosen.length > 0 ? { kind: "bundle", files: chosen } : { kind: "bundle" });
  return (
    <Card size="small" title={t("evidence.bundle.title")}>
      <div className="stack">
        <p style={{ margin: 0 }}>{t("evidence.bundle.what")}</p>
        <div>
          <label htmlFor="bundle-files">{t("evidence.bundle.files")}</label>
          <Several
            id="bundle-files"
            allowClear
            value={chosen}
            onChange={setChosen}
            placeholder={t("evidence.bundle.all", { count: can.length })}
            maxTagCount="responsive"
            style={{ width: "100%" }}
            showSearch={{ optionFilterProp: "label" }}
            options={can
              .map((one) => ({ value: one.id, label: one.name }))
              .sort((one, two) => compare(one.label, two.label))}
          />
        </div>
        {waiting > 0 && <Alert type="info" showIcon title={t("evidence.bundle.waiting", { count: waiting })} />}
        <div className="row">
          <Button
            type="primary"
            loading={work.isAsking}
            disabled={can.length === 0 || (job !== undefined && job.ended_at === null)}
            onClick={ask}
          >
            {t("evidence.bundle.make")}
          </Button>
        </div>
        {work.error !== undefined && <Alert type="error" showIcon title={explain(work.error)} />}
        {job && <JobProgress key={job.id} matter={matter} job={job} onAgain={ask} />}
        {made && (
          <Alert
            type="success"
            showIcon
            title={t("evidence.bundle.made", { name: made.name })}
            action={
              <Button
                type="primary"
                icon={<DownloadOutlined aria-hidden="true" />}
                onClick={() => download(matter, made).then(() => setError(undefined), setError)}
              >
                {t("evidence.download")}
              </Button>
            }
            description={
              <>
                <p>{t("evidence.bundle.how")}</p>
                <ol className="evidence-steps">
                  <li>
                    {t("evidence.bundle.how_here")}{" "}
                    <Link to="/verify" className="evidence-link">
                      {t("frame.nav.verify")}
                    </Link>
                  </li>
                  <li>{t("evidence.bundle.how_page")}</li>
                  <li>
                    {t("evidence.bundle.how_program")} <code>quanlian verify {made.name} --policy log.vkey</code>
                  </li>
                  <li>
                    {t("evidence.bundle.how_commands")}{" "}
                    <code>
                      unzip -p {made.name} verify.sh &gt;verify.sh; sh verify.sh {made.name} NAME+ID+KEY
                    </code>
                  </li>
                </ol>
              </>
            }
          />
        )}
        {error !== undefined && <Alert type="error" showIcon title={explain(error)} />}
      </div>
    </Card>
  );
}
