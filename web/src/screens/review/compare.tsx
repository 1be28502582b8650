// Asking for a comparison, and how the last one stands.
import { Alert, Button, Popconfirm } from "antd";
import { explain } from "~/api/problem";
import { touched, useJobs } from "~/api/queries";
import type { Job } from "~/api/shapes";
import { JobProgress, useJob } from "~/parts/job-progress";
import { useWords } from "~/words/words";

/** The newest work of a kind in a matter: what was asked for here, or what somebody else asked for. */
export function useNewest(matter: string, kind: Job["kind"], asked: Job | undefined): Job | undefined {
  const { data: jobs } = useJobs(matter);
  const newest = jobs
    ?.filter((job) => job.kind === kind)
    .sort((one, other) => other.made_at.localeCompare(one.made_at))[0];
  return asked && (!newest || asked.made_at >= newest.made_at) ? asked : newest;
}

export function Compare({ matter, hasReport }: { matter: string; hasReport: boolean }) {
  const { t } = useWords();
  const work = useJob(matter);
  const job = useNewest(matter, "match", work.job);
  const ask = () => void work.ask({ kind: "match" });
  const button = (onClick?: () => void) => (
    <Button type={hasReport ? "default" : "primary"} loading={work.isAsking} onClick={onClick}>
      {t(hasReport ? "review.compare.again" : "review.compare.now")}
    </Button>
  );
  const isRunning = job !== undefined && job.ended_at === null;
  // What is done and stands below needs no word; what runs, failed or was refused does.
  const isTold = job !== undefined && (isRunning || job === work.job || !(job.state === "done" && hasReport));
  return (
    <div className="stack no-print">
      {!isRunning &&
        (hasReport ? (
          <Popconfirm
            title={t("review.compare.again")}
            description={<div className="narrow">{t("review.compare.again_why")}</div>}
            onConfirm={ask}
          >
            {button()}
          </Popconfirm>
        ) : (
          <div>{button(ask)}</div>
        ))}
      {work.error !== undefined && <Alert type="error" showIcon title={explain(work.error)} />}
      {job && isTold && <JobProgress matter={matter} job={job} onDone={() => touched(matter)} onAgain={ask} />}
    </div>
  );
}
