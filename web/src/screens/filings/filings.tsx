// What the reader filed with other agencies, the newest change first.
import { Button } from "antd";
import { useFilings } from "~/api/queries";
import { Shown } from "~/parts/broken";
import { Page } from "~/parts/page";
import { useWords } from "~/words/words";
import { FileOne, FilingTable } from "./table";

export function Component() {
  const { t } = useWords();
  const filings = useFilings();
  return (
    <Page title={t("filings.title")}>
      <div className="stack">
        <FileOne />
        <Shown of={filings}>
          {({ pages }) => (
            <>
              <FilingTable rows={pages.flatMap((page) => page.filings)} />
              {filings.hasNextPage && (
                <div className="row no-print">
                  <Button loading={filings.isFetchingNextPage} onClick={() => void filings.fetchNextPage()}>
                    {t("filings.older")}
                  </Button>
                </div>
              )}
            </>
          )}
        </Shown>
      </div>
    </Page>
  );
}
