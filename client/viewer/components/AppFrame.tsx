import { useApp } from "../app.ts";
import { words } from "../i18n/language.ts";
import { told } from "../i18n/told.ts";
import { Header } from "./Header.tsx";
import { lazyPage } from "./lazy_page.tsx";
import { NotFoundPage } from "./NotFoundPage.tsx";
import { Notice } from "./Notice.tsx";
import { RefusedToken } from "./RefusedToken.tsx";

const ChannelPage = lazyPage(async () => (await import("./ChannelPage.tsx")).ChannelPage);
const ChannelsPage = lazyPage(async () => (await import("./ChannelsPage.tsx")).ChannelsPage);
const LoginPage = lazyPage(async () => (await import("./LoginPage.tsx")).LoginPage);

/** The header and the page that the address names. */
export function AppFrame() {
  return (
    <>
      <Header />
      <RefusedToken />
      <Page />
    </>
  );
}

function Page() {
  const { navigation, session } = useApp();
  const route = navigation.route.value;
  const state = session.state.value;
  if (route.page === "notFound") return <NotFoundPage />;
  if (state.name === "unknown") return <main class="page" aria-busy="true" />;
  if (state.name === "unreachable") {
    return (
      <Notice
        title={words.value.unreachable}
        text={told(words.value, state.refusal)}
        action={{ name: words.value.tryAgain, run: () => void session.begin(null) }}
      />
    );
  }
  if (route.page === "login") return <LoginPage />;
  if (state.name === "signedOut") return <main class="page" aria-busy="true" />;
  if (route.page === "channels") return <ChannelsPage />;
  return <ChannelPage key={route.channel} channel={route.channel} />;
}
