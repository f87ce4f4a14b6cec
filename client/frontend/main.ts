import { InstallLogViewer } from "./install_log_viewer.ts";
import { InstallManager } from "./install_manager.ts";

/** `/frontend_realtime_log.js`: one plain script for pages without a bundler. */
Object.assign(window, { InstallLogViewer, InstallManager });
