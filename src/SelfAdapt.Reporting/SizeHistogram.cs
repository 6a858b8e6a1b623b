using System.Globalization;
using System.Text;
using static SelfAdapt.Reporting.ChartFrame;

namespace SelfAdapt.Reporting;

/// <summary>How many cells have which diameter, before (filled) and after (a line), as inline SVG.</summary>
internal static class SizeHistogram
{
    private const int Bins = 24;
    private const double ShownFraction = 0.995;

    public static string Draw(IReadOnlyList<double> before, IReadOnlyList<double> after)
    {
        double[] all = [.. before.Concat(after).Order()];
        double largest = all.Length == 0 ? 1 : all[(int)((all.Length - 1) * ShownFraction)];
        double width = Math.Max(0.5, Math.Ceiling(largest / Bins * 2) / 2);
        int[] countsBefore = Count(before, width);
        int[] countsAfter = Count(after, width);
        ChartAxis x = new(0, Bins * width, Left, Width - Right, roundUp: false);
        ChartAxis y = new(
            0, Math.Max(1, Math.Max(countsBefore.Max(), countsAfter.Max())), Height - Bottom, Top, roundUp: true);

        StringBuilder svg = ChartFrame.Begin("Diameters of the cells before and after");
        ChartFrame.DrawTicks(svg, x, y, y.Ticks().Where(t => t.Value == Math.Floor(t.Value)));
        svg.Append(CultureInfo.InvariantCulture,
            $"<path class=\"fill before\" d=\"{Outline(countsBefore, width, x, y)}Z\"/>"
            + $"<path class=\"line after\" d=\"{Outline(countsAfter, width, x, y)}\"/>");
        ChartFrame.NameX(svg, "diameter, px");
        return svg.Append("</svg>").ToString();
    }

    private static int[] Count(IReadOnlyList<double> diameters, double width)
    {
        int[] counts = new int[Bins];
        foreach (double diameter in diameters)
        {
            counts[Math.Min(Bins - 1, (int)(diameter / width))]++;
        }

        return counts;
    }

    private static string Outline(int[] counts, double width, ChartAxis x, ChartAxis y)
    {
        StringBuilder path = new();
        path.Append(CultureInfo.InvariantCulture, $"M{Markup.Number(x.At(0))} {Markup.Number(y.At(0))}");
        for (int i = 0; i < counts.Length; i++)
        {
            path.Append(CultureInfo.InvariantCulture,
                $"V{Markup.Number(y.At(counts[i]))}H{Markup.Number(x.At((i + 1) * width))}");
        }

        return path.Append(CultureInfo.InvariantCulture, $"V{Markup.Number(y.At(0))}").ToString();
    }
}
