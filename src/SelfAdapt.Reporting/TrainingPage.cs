using System.Text;
using System.Text.Json.Nodes;
using SelfAdapt.Files;

namespace SelfAdapt.Reporting;

/// <summary>The report of a training, from its log: one HTML file that needs no other.</summary>
internal static class TrainingPage
{
    private static readonly (string Key, string Title, string Meaning)[] Curves =
    [
        ("loss", "Loss", "What training lowers, on what it learns from."),
        ("test_loss", "Test loss", "The same on images that nothing is learnt from."),
        ("iou", "IoU", "Intersection over union of the objects, on maps of forests that nothing is learnt from."),
        ("consensus", "Consensus", "How sure the network is of its own labels, mean over pixels."),
        ("foreground", "Foreground", "The share of pixels that the network takes for foreground, on images without labels."),
    ];

    /// <param name="log">The training's log.</param>
    /// <param name="facts">What was trained and what came of it: name and value, in the order shown.</param>
    public static void Write(
        string path, string log, IReadOnlyList<(string Name, string Value)> facts, IReadOnlyList<(string Name, string Value)> options) =>
        OutputFile.WriteDurably(path, Encoding.UTF8.GetBytes(ToHtml(log, facts, options)));

    private static string ToHtml(
        string log, IReadOnlyList<(string Name, string Value)> facts, IReadOnlyList<(string Name, string Value)> options)
    {
        JsonObject[] points = [.. JsonLines.Read(log, line => JsonNode.Parse(line) as JsonObject)];
        string unit = points.Any(p => p.ContainsKey("epoch")) ? "epoch" : "step";
        double last = points.Length == 0 ? 1 : Number(points[^1], unit);
        StringBuilder html = new StringBuilder(Markup.Head("Training report")).Append("<section><div class=\"charts\">");
        foreach ((string key, string title, string meaning) in Curves)
        {
            (double, double)[] curve =
                [.. points.Select(p => (Number(p, unit), Number(p, key))).Where(p => double.IsFinite(p.Item2))];
            if (curve.Length > 0)
            {
                ChartSeries series = new(title, curve, Dots: curve.Length < points.Length);
                html.Append(Markup.Figure(title, meaning, LineChart.Draw(title, [series], null, null, last, unit: unit)));
            }
        }

        return html.Append("</div></section>\n<section><h2>What was trained</h2>").Append(Markup.Table(facts))
            .Append("</section>\n<section class=\"options\"><h2>All options</h2>").Append(Markup.Table(options))
            .Append("</section>\n").Append(Markup.End).ToString();
    }

    private static double Number(JsonObject point, string key) =>
        point[key] is JsonValue value && value.TryGetValue(out double number) ? number : double.NaN;
}
