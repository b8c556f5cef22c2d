/** A style sheet as text, for elements that bring it into their shadow roots. */
declare module '*.css?inline' {
  const text: string
  export default text
}
