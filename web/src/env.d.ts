declare module '*.css'

declare module 'temml/dist/temml.mjs' {
  /** What the package's own types leave out: the tree that its markup and nodes are made from. */
  const temml: { __renderToMathMLTree(tex: string, options: object): unknown }
  export default temml
}
