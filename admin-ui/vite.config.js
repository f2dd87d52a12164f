/** How the console is built: relative to nothing, without inline code, which its policy refuses. */
import react from '@vitejs/plugin-react';

export default {
  plugins: [react()],
  build: { target: 'es2023', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
};
