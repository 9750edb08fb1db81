import type {
  Endpoint,
  EndpointId,
  IpSetUpdate,
  Message,
  Policy,
  PolicyId,
  Profile,
} from "../policy/messages.ts";
import { publishedIdentity } from "./identities.ts";
import { ipSetUpdate } from "./ip-set-messages.ts";
import type { IpSets } from "./ip-sets.ts";
import type { LocalEndpoints } from "./local-endpoints.ts";
import type { PolicyTable } from "./policy-table.ts";
import type { ProfileTable } from "./profile-table.ts";
import type { SetDoubt } from "./unusable-objects.ts";

/**
 * What was published so far, as of the last flush, without a second copy of it: for a server whose clients join at
 * any time and then need everything that concerns their endpoint.
 */
export type CalcView = {
  endpoints(): Iterable<{ readonly id: EndpointId; readonly endpoint: Endpoint }>;
  policy(id: PolicyId): Policy | undefined;
  profile(name: string): Profile | undefined;
  /** The set in full; costs by its size. See `referencedIpSets` for which ones a policy needs. */
  ipSet(id: string): IpSetUpdate | undefined;
  /** The update message of every service account, then of every namespace. */
  identities(): readonly Message[];
};

export function createCalcView(state: {
  readonly endpoints: LocalEndpoints;
  readonly policies: PolicyTable;
  readonly profiles: ProfileTable;
  readonly sets: IpSets;
  /** That with which sets were last published. */
  readonly setDoubt: () => SetDoubt;
}): CalcView {
  const { endpoints, policies, profiles, sets, setDoubt } = state;
  return {
    endpoints: () => endpoints.all(),
    policy: (id) => policies.byId(id)?.rules.published,
    profile: (name) => profiles.find(name)?.rules.published,
    ipSet: (id) => {
      const set = sets.get(id);
      return set?.members.isPublished ? ipSetUpdate(set, setDoubt()) : undefined;
    },
    identities: () => {
      const messages = [...profiles.all()].map(publishedIdentity).filter((message) => message !== undefined);
      const isServiceAccount = (message: Message): boolean => message.kind === "service_account_update";
      return [
        ...messages.filter(isServiceAccount),
        ...messages.filter((message) => !isServiceAccount(message)),
      ];
    },
  };
}
