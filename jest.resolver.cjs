// Sources import './x.js', the name the compiler will write; while testing from sources only './x.ts' is there.
module.exports = (request, options) => {
  const fromSource =
    request.startsWith('.') && request.endsWith('.js') && !options.basedir.includes('node_modules');
  if (!fromSource) return options.defaultResolver(request, options);
  try {
    return options.defaultResolver(request.replace(/\.js$/, '.ts'), options);
  } catch {
    return options.defaultResolver(request, options);
  }
};
