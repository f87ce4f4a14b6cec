import type { InstallReceipt } from "../../protocol/dialects/d_rest.ts";
import { Gateway, type InstallRequest } from "./gateway.ts";
import { InstallLogViewer, type ViewerOptions } from "./install_log_viewer.ts";
import { scriptUrl } from "./script_url.ts";

export interface ManagerOptions extends ViewerOptions {
  /** The element, or its id, in which an install that was started is shown; none when left out. */
  readonly container?: string | Element;
}

/** Starts installs, and shows the newest one where the page says. */
export class InstallManager {
  readonly #options: ManagerOptions;
  readonly #gateway: Gateway;
  #viewer: InstallLogViewer | null = null;

  constructor(options: ManagerOptions = {}) {
    this.#options = options;
    this.#gateway = new Gateway(options, scriptUrl);
  }

  /** The viewer of the newest install that was started with a container. */
  get viewer(): InstallLogViewer | null {
    return this.#viewer;
  }

  /**
   * Starts an install; its viewer replaces the one before. Rejects with the gateway's sentence, and its code as
   * `cause`, where it refuses.
   */
  async startInstall(request: InstallRequest, container?: string | Element): Promise<InstallReceipt> {
    const started = await this.#gateway.install(request);
    if (!started.ok) throw new Error(started.failure.detail, { cause: started.failure.code });
    const place = container ?? this.#options.container;
    if (place !== undefined) {
      this.#viewer?.destroy();
      this.#viewer = new InstallLogViewer(started.value.task_id, place, this.#options);
    }
    return started.value;
  }
}
