using System.Globalization;
using System.Text;
using static SelfAdapt.Reporting.ChartFrame;

namespace SelfAdapt.Reporting;

/// <summary>One curve of a chart.</summary>
/// <param name="Points">(x, y) by rising x; values that are not finite are left out.</param>
/// <param name="Dots">Whether each point is marked: for the few of the evaluations.</param>
internal sealed record ChartSeries(string Name, IReadOnlyList<(double X, double Y)> Points, bool Dots = false);

/// <summary>
/// Curves over the steps of a run as inline SVG. Long curves are drawn as the mean of neighbouring points over the
/// band of their extremes.
/// </summary>
internal static class LineChart
{
    private const int MostPoints = 200;

    /// <param name="series">The curves, at most four.</param>
    /// <param name="kept">The step whose weights were kept; null for none.</param>
    /// <param name="limit">A threshold drawn across; null for none.</param>
    /// <param name="limitName">What the threshold is called.</param>
    /// <param name="unit">What is counted from left to right.</param>
    /// <param name="rejected">The step of the best checkpoint that was not kept; null for none.</param>
    public static string Draw(
        string title, IReadOnlyList<ChartSeries> series, double? kept, double? limit, double lastStep,
        string limitName = "limit", double? rejected = null, string unit = "step")
    {
        ChartSeries[] finite = [.. series.Select(s =>
            s with { Points = [.. s.Points.Where(p => double.IsFinite(p.X) && double.IsFinite(p.Y))] })];
        double[] values = [.. finite.SelectMany(s => s.Points).Select(p => p.Y)];
        double most = values.Length == 0 ? 1 : values.Max();

        // A threshold far above everything that happened would press the curve to the ground.
        bool showsLimit = limit is { } l && l <= Math.Max(4 * most, 1e-6);
        most = showsLimit ? Math.Max(most, 1.05 * limit!.Value) : most;
        double least = values.Length == 0 ? 0 : Math.Min(0, values.Min());
        ChartAxis x = new(0, Math.Max(1, lastStep), Left, Width - Right, roundUp: false);
        ChartAxis y = new(least, most, Height - Bottom, Top, roundUp: true);

        StringBuilder svg = ChartFrame.Begin(title);
        ChartFrame.DrawTicks(svg, x, y, y.Ticks());
        ChartFrame.NameX(svg, unit);
        if (showsLimit)
        {
            string at = Markup.Number(y.At(limit!.Value));
            svg.Append(CultureInfo.InvariantCulture,
                $"<path class=\"limit\" d=\"M{Left} {at}H{Width - Right}\"/>"
                + $"<text class=\"limit-text\" x=\"{Width - Right}\" y=\"{at}\" dy=\"-4\" text-anchor=\"end\">"
                + $"{Markup.Escape(limitName)} {limit.Value:0.###}</text>");
        }

        for (int i = 0; i < finite.Length; i++)
        {
            DrawSeries(svg, finite[i], i, x, y, unit);
        }

        DrawMark(svg, x, kept, kept == 0 ? "kept: the original" : FormattableString.Invariant($"kept: step {kept:0}"), "kept");
        DrawMark(svg, x, rejected, FormattableString.Invariant($"rejected: step {rejected:0}"), "rejected");
        return svg.Append("</svg>").ToString();
    }

    private static void DrawSeries(StringBuilder svg, ChartSeries series, int index, ChartAxis x, ChartAxis y, string unit)
    {
        (double X, double Y)[][] groups = [.. series.Points
            .Chunk(Math.Max(1, (series.Points.Count + MostPoints - 1) / MostPoints))];
        if (groups.Any(g => g.Length > 1))
        {
            IEnumerable<string> upper = groups.Select(g => Place(x.At(g.Average(p => p.X)), y.At(g.Max(p => p.Y))));
            IEnumerable<string> lower = groups.Select(g => Place(x.At(g.Average(p => p.X)), y.At(g.Min(p => p.Y))));
            svg.Append(CultureInfo.InvariantCulture,
                $"<polygon class=\"band s{index}\" points=\"{string.Join(' ', upper.Concat(lower.Reverse()))}\"/>");
        }

        string[] line = [.. groups.Select(g => Place(x.At(g.Average(p => p.X)), y.At(g.Average(p => p.Y))))];
        svg.Append(CultureInfo.InvariantCulture,
            $"<polyline class=\"line s{index}\" points=\"{string.Join(' ', line)}\"/>");
        foreach ((double px, double py) in series.Dots ? series.Points : [])
        {
            svg.Append(CultureInfo.InvariantCulture,
                $"<circle class=\"dot s{index}\" cx=\"{Markup.Number(x.At(px))}\" cy=\"{Markup.Number(y.At(py))}\""
                + $" r=\"2.5\"><title>{unit} {px:0}: {py:0.####}</title></circle>");
        }
    }

    private static void DrawMark(StringBuilder svg, ChartAxis x, double? step, string text, string kind)
    {
        if (step is null)
        {
            return;
        }

        double at = x.At(step.Value);
        bool onTheRight = at > (Left + Width - Right) / 2.0;
        svg.Append(CultureInfo.InvariantCulture,
            $"<path class=\"{kind}\" d=\"M{Markup.Number(at)} {Top}V{Height - Bottom}\"/>"
            + $"<text class=\"{kind}-text\" x=\"{Markup.Number(at + (onTheRight ? -4 : 4))}\" y=\"{Top - 3}\" "
            + $"text-anchor=\"{(onTheRight ? "end" : "start")}\">{text}</text>");
    }

    private static string Place(double x, double y) => Markup.Number(x) + "," + Markup.Number(y);
}
