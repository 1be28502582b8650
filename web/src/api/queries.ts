// What the screens read, as queries with one key each; what writes invalidates them.
import { QueryClient, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api, body, json } from "./client";
import { filingOf } from "./place";
import { Problem } from "./problem";
import type {
  Account,
  Acts,
  Agency,
  BriefFiling,
  Figure,
  FileView,
  Filing,
  Job,
  Ledger,
  Matter,
  MatterRow,
  Notice,
  Procedure,
  TaskRow,
} from "./shapes";

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      refetchOnWindowFocus: true,
      // What the server refused will be refused again; what was not reached may be reached.
      retry: (count, error) => !(error instanceof Problem && error.status < 500) && count < 2,
    },
    mutations: { retry: false },
  },
});

export const SESSION = ["session"] as const;

/** An account with what its roles may do, where the server says it. */
export type Who = Account & { may: Record<string, "nothing" | "handled" | "unit" | "agency"> };

export const useSession = () =>
  useQuery({
    queryKey: SESSION,
    queryFn: async (): Promise<Who | null> => {
      try {
        return await json<Who>("/api/v1/session");
      } catch (error) {
        if (error instanceof Problem && error.status === 401) return null;
        throw error;
      }
    },
    staleTime: 60_000,
  });

export const useProcedures = () =>
  useQuery({
    queryKey: ["procedures"],
    queryFn: () => json<Procedure[]>("/api/v1/procedures"),
    staleTime: 3_600_000,
  });

export const useAgencies = () =>
  useQuery({
    queryKey: ["agencies"],
    queryFn: () => body(api.GET("/api/v1/agencies")) as Promise<Agency[]>,
    staleTime: 600_000,
  });

export interface MatterPage {
  matters: MatterRow[];
  next: string | null;
  count: number;
}

export type MatterFilter = Partial<
  Record<"procedure" | "stage" | "status" | "handler" | "due_before" | "number" | "sort" | "direction" | "view", string>
> & { limit?: number; after?: string };

export function mattersPath(filter: MatterFilter): string {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(filter))
    if (value !== undefined && value !== "") asked.set(name, `${value}`);
  return `/api/v1/matters?${asked}`;
}

export const useMatters = (filter: MatterFilter, enabled = true) =>
  useQuery({ queryKey: ["matters", filter], queryFn: () => json<MatterPage>(mattersPath(filter)), enabled });

export const useMatter = (id: string) =>
  useQuery({ queryKey: ["matter", id], queryFn: () => json<Matter>(`/api/v1/matters/${id}`) });

export const useActs = (id: string) =>
  useQuery({ queryKey: ["matter", id, "acts"], queryFn: () => json<Acts>(`/api/v1/matters/${id}/acts`) });

export const useLedger = (id: string) =>
  useQuery({ queryKey: ["matter", id, "ledger"], queryFn: () => json<Ledger>(`/api/v1/matters/${id}/ledger`) });

/** All files of a matter; a matter holds thousands at most. */
export const useFiles = (id: string) =>
  useQuery({
    queryKey: ["matter", id, "files"],
    queryFn: async () => {
      const files: FileView[] = [];
      let after: string | null = null;
      do {
        const page: { files: FileView[]; next: string | null } = await json(
          `/api/v1/matters/${id}/files?limit=1000${after ? `&after=${encodeURIComponent(after)}` : ""}`,
        );
        files.push(...page.files);
        after = page.next;
      } while (after);
      return files;
    },
  });

export const useJobs = (id: string) =>
  useQuery({
    queryKey: ["matter", id, "jobs"],
    queryFn: async () => (await json<{ jobs: Job[] }>(`/api/v1/matters/${id}/jobs`)).jobs,
    refetchInterval: (query) => (query.state.data?.some((job) => !isEnded(job)) ? 2_000 : false),
  });

export function isEnded(job: Job): boolean {
  return job.ended_at !== null;
}

export const useNotices = (unread: boolean) =>
  useQuery({
    queryKey: ["notices", unread],
    queryFn: () =>
      json<{ notices: Notice[]; unread: number; next: string | null }>(
        `/api/v1/notices?limit=50${unread ? "&unread=true" : ""}`,
      ),
    refetchInterval: 60_000,
  });

export const useTasks = (whose: "mine" | "nobody" | "all", state: "open" | "done" | "dropped") =>
  useQuery({
    queryKey: ["tasks", whose, state],
    queryFn: () =>
      json<{ tasks: TaskRow[]; next: string | null }>(`/api/v1/tasks?whose=${whose}&state=${state}&limit=100`),
  });

/** What a write to a matter, or to what somebody filed, makes stale. */
export function touched(id: string): void {
  const filing = filingOf(id);
  if (filing !== undefined) {
    void queries.invalidateQueries({ queryKey: ["filing", filing] });
    void queries.invalidateQueries({ queryKey: ["filings"] });
    return;
  }
  void queries.invalidateQueries({ queryKey: ["matter", id] });
  for (const key of ["matters", "tasks", "notices"]) void queries.invalidateQueries({ queryKey: [key] });
}

export interface FilingPage {
  filings: BriefFiling[];
  next: string | null;
}

/** What the reader filed with other agencies, page by page. */
export const useFilings = (enabled = true) =>
  useInfiniteQuery({
    queryKey: ["filings"],
    queryFn: ({ pageParam }) =>
      json<FilingPage>(`/api/v1/filings${pageParam ? `?after=${encodeURIComponent(pageParam)}` : ""}`),
    initialPageParam: "",
    getNextPageParam: (page) => page.next ?? undefined,
    enabled,
  });

export const useFiling = (id: string) =>
  useQuery({ queryKey: ["filing", id], queryFn: () => json<Filing>(`/api/v1/filings/${id}`) });

export interface Approval {
  matter: string;
  number: string;
  title: string;
  procedure: string;
  procedure_version: number;
  stage: string;
  proposal: number;
  act: string;
  role: string;
  by: string;
  proposed_on: string | null;
  due_on: string | null;
}

/** Proposals whose next step is the reader's. */
export const useApprovals = () =>
  useQuery({
    queryKey: ["matters", "approvals"],
    queryFn: () => json<{ proposals: Approval[]; next: string | null }>("/api/v1/approvals"),
  });

/** A figure of a period; `until` is the day behind the last. */
export const useIndicatorFigure = (id: string, from: string, until: string) =>
  useQuery({
    queryKey: ["figure", id, from, until],
    queryFn: () => json<Figure>(`/api/v1/indicators/${encodeURIComponent(id)}?from=${from}&until=${until}`),
    staleTime: 60_000,
  });

export interface PersonName {
  id: string;
  name: string;
  agency: string;
  user: string;
  is_active: boolean;
}

/** Names of people: of the own agency, and of who occurs in a matter. */
export const usePeople = (matter: string | undefined, enabled: boolean) =>
  useQuery({
    queryKey: ["people", matter ?? ""],
    queryFn: async () =>
      (await json<{ people: PersonName[] }>(`/api/v1/people${matter ? `?matter=${encodeURIComponent(matter)}` : ""}`))
        .people,
    enabled,
    staleTime: 300_000,
    retry: false,
  });

export interface Term {
  word: string;
  zh: string;
  en: string;
}

export interface Terms {
  roles: (Term & { reach: string; may: string[]; is_alone: boolean })[];
  terms: Record<string, Term[]>;
}

/** Every coded word of the API with its names. */
export const useTerms = () =>
  useQuery({ queryKey: ["terms"], queryFn: () => json<Terms>("/api/v1/terms"), staleTime: 3_600_000 });
