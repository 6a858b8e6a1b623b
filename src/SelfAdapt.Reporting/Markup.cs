using System.Globalization;
using System.Text;

namespace SelfAdapt.Reporting;

/// <summary>Text and numbers on their way into HTML and SVG.</summary>
internal static class Markup
{
    /// <summary>
    /// Text that may come from anywhere (file names!), safe between tags and in quoted attributes: markup becomes
    /// entities; control characters, and those that turn the direction of text, become U+FFFD.
    /// </summary>
    public static string Escape(string text)
    {
        StringBuilder safe = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '<' => safe.Append("&lt;"),
                '>' => safe.Append("&gt;"),
                '&' => safe.Append("&amp;"),
                '"' => safe.Append("&quot;"),
                '\'' => safe.Append("&#39;"),
                _ => safe.Append(IsHarmless(rune) ? rune.ToString() : "\uFFFD"),
            };
        }

        return safe.ToString();
    }

    /// <summary>A coordinate, with at most two decimals.</summary>
    public static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    private static bool IsHarmless(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format);

    /// <summary>The beginning of a page that needs no other file, up to its heading.</summary>
    public static string Head(string title) => $"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>{title}</title>
        <style>
        {RunReport.ReadStyle()}</style>
        </head>
        <body>
        <main>
        <h1>{title}</h1>

        """;

    public const string End = "</main>\n</body>\n</html>\n";

    public static string Table(IReadOnlyList<(string Name, string Value)> rows) =>
        "<table class=\"facts\"><tbody>"
        + string.Concat(rows.Select(r => $"<tr><th>{Escape(r.Name)}</th><td><bdi>{Escape(r.Value)}</bdi></td></tr>\n"))
        + "</tbody></table>";

    /// <param name="svg">A chart.</param>
    public static string Figure(string title, string meaning, string svg) =>
        $"<figure><figcaption><b>{Escape(title)}</b> {Escape(meaning)}</figcaption>{svg}</figure>";
}
