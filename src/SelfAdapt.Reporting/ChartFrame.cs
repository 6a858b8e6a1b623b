using System.Globalization;
using System.Text;

namespace SelfAdapt.Reporting;

/// <summary>What the report's charts share: their size, margins, grid lines and labels, as SVG.</summary>
internal static class ChartFrame
{
    public const int Width = 460;

    public const int Height = 220;

    /// <summary>Margin for the labels of the y axis.</summary>
    public const int Left = 52;

    /// <summary>Room for half of the last label of the x axis, as wide as 100,000.</summary>
    public const int Right = 22;

    public const int Top = 14;

    /// <summary>Margin for the labels of the x axis.</summary>
    public const int Bottom = 34;

    public static StringBuilder Begin(string title) =>
        new StringBuilder().Append(CultureInfo.InvariantCulture,
            $"<svg class=\"chart\" viewBox=\"0 0 {Width} {Height}\" role=\"img\" "
            + $"aria-label=\"{Markup.Escape(title)}\">");

    public static void DrawTicks(
        StringBuilder svg, ChartAxis x, ChartAxis y, IEnumerable<(double Value, string Text)> yTicks)
    {
        foreach ((double value, string text) in yTicks)
        {
            string at = Markup.Number(y.At(value));
            svg.Append(CultureInfo.InvariantCulture,
                $"<path class=\"grid\" d=\"M{Left} {at}H{Width - Right}\"/>"
                + $"<text x=\"{Left - 6}\" y=\"{at}\" dy=\"4\" text-anchor=\"end\">{text}</text>");
        }

        foreach ((double value, string text) in x.Ticks())
        {
            svg.Append(CultureInfo.InvariantCulture,
                $"<text x=\"{Markup.Number(x.At(value))}\" y=\"{Height - Bottom + 15}\" text-anchor=\"middle\">"
                + $"{text}</text>");
        }
    }

    public static void NameX(StringBuilder svg, string name) =>
        svg.Append(CultureInfo.InvariantCulture,
            $"<text x=\"{(Left + Width - Right) / 2}\" y=\"{Height - 3}\" text-anchor=\"middle\">{name}</text>");
}
