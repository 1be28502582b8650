// Search first: numbers and titles as one types, everything else on the page of results.
import { AutoComplete, Input } from "antd";
import { useEffect, useState } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { json } from "~/api/client";
import { useWords } from "~/words/words";

interface Suggestion {
  id: string;
  number: string;
  title?: string | null;
}

export function SearchBox() {
  const { t } = useWords();
  const navigate = useNavigate();
  const [asked] = useSearchParams();
  const [typed, setTyped] = useState(asked.get("q") ?? "");
  const [found, setFound] = useState<Suggestion[]>([]);
  useEffect(() => {
    const text = typed.trim();
    if (text.length < 2) {
      setFound([]);
      return;
    }
    const stop = new AbortController();
    const wait = window.setTimeout(async () => {
      try {
        const path = `/api/v1/search/suggest?q=${encodeURIComponent(text.slice(0, 100))}`;
        setFound((await json<{ suggestions: Suggestion[] }>(path, { signal: stop.signal })).suggestions);
      } catch {
        // Suggestions are a help; the search itself says what failed.
        setFound([]);
      }
    }, 200);
    return () => {
      window.clearTimeout(wait);
      stop.abort();
    };
  }, [typed]);
  return (
    <AutoComplete
      style={{ width: "100%" }}
      value={typed}
      onChange={setTyped}
      onSelect={(_, chosen) => navigate(`/matters/${chosen.id}`)}
      options={found.map((one) => ({ value: one.number, id: one.id, label: `${one.number} ${one.title ?? ""}` }))}
    >
      <Input.Search
        aria-label={t("frame.search")}
        placeholder={t("frame.search")}
        allowClear
        maxLength={200}
        onSearch={(text) => text.trim() && navigate(`/search?q=${encodeURIComponent(text.trim())}`)}
      />
    </AutoComplete>
  );
}
