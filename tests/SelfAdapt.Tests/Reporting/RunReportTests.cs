using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Signals;
using SelfAdapt.Adaptation.Stopping;
using SelfAdapt.Files;
using SelfAdapt.Reporting;

namespace SelfAdapt.Tests.Reporting;

/// <summary>The report's words and numbers, and that it needs nothing but itself.</summary>
[TestClass]
internal sealed class RunReportTests
{
    private const int Side = 40;

    [TestMethod]
    public void Html_NeedsNoScriptAndNoNetwork()
    {
        string html = Report().ToHtml();
        Assert.DoesNotContain("<script", html);
        Assert.DoesNotContain("http:", html);
        Assert.DoesNotContain("https:", html);
        Assert.DoesNotContain("@import", html);
        Assert.DoesNotContain("url(", html);
        foreach (Match match in Regex.Matches(html, "(?:href|src)=\"([^\"]*)\""))
        {
            string target = match.Groups[1].Value;
            Assert.IsTrue(
                target.StartsWith("data:image/png;base64,", StringComparison.Ordinal) || target[0] == '#', target);
        }
    }

    [TestMethod]
    public void Html_IsWellFormed_AsAreItsPictures()
    {
        string html = Report().ToHtml();
        string body = html[html.IndexOf("<main>", StringComparison.Ordinal)..(html.IndexOf("</main>", StringComparison.Ordinal) + "</main>".Length)];
        XElement main = XElement.Parse(body);
        Assert.HasCount(2, main.Descendants("image").ToArray());
        Assert.HasCount(2, main.Descendants("use").ToArray());
        foreach (XElement use in main.Descendants("use"))
        {
            string wanted = use.Attribute("href")!.Value;
            Assert.IsTrue(main.Descendants("image").Any(i => "#" + i.Attribute("id")!.Value == wanted), wanted);
        }
    }

    [TestMethod]
    public void Html_NamesFromOutside_AreEscaped()
    {
        const string Hostile = "<img src=x onerror=alert(1)>\"'&\u202Egnp.\u0007exe";
        RunReport report = Report() with
        {
            Facts = [(Hostile, Hostile)],
            AllOptions = [(Hostile, Hostile)],
            Samples = [Sample(Hostile, [1], [1], null)],
        };
        string html = report.ToHtml();
        Assert.DoesNotContain("<img", html);
        Assert.DoesNotContain("\u202E", html);
        Assert.DoesNotContain("\u0007", html);
        StringAssert.Contains(
            html, "&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;\uFFFDgnp.\uFFFDexe", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Verdict_WithoutLabels_NeverSpeaksOfAccuracyAsKnown()
    {
        ReportVerdict verdict = Verdict(Report());
        StringAssert.StartsWith(verdict.Headline, "Adapted model kept", StringComparison.Ordinal);
        StringAssert.Contains(
            verdict.Evidence, "no labels, so nothing here says how accurate", StringComparison.Ordinal);
        foreach (string word in (string[])["better than", "worse than", "improved"])
        {
            Assert.DoesNotContain(word, verdict.Headline + verdict.Reason + verdict.Precision + verdict.Evidence);
        }

        Assert.DoesNotContain("AP at IoU", Report().ToHtml());
    }

    [TestMethod]
    [DataRow(new[] { 1 }, new[] { 1, 2 }, "better than")]
    [DataRow(new[] { 1, 2 }, new[] { 1 }, "worse than")]
    [DataRow(new[] { 1 }, new[] { 1 }, "not clearly different from the original")]
    public void Verdict_WithLabels_SaysWhichIsBetter(int[] before, int[] after, string words)
    {
        RunReport report = Report() with { Samples = [Sample("a", before, after, [1, 2])] };
        StringAssert.Contains(Verdict(report).Precision, words, StringComparison.Ordinal);
    }

    [TestMethod]
    public void Verdict_LooseAndStrictDisagree_BothAreTold()
    {
        // After: one cell more, but the first one a row short, 4 of 5 rows: IoU 0.8.
        LabelImage truth = Cells([1, 2]);
        LabelImage after = Cells([1, 2]);
        after.Labels.AsSpan((4 * Side) + 4, 5).Clear();
        RunReport report = Report() with
        {
            Samples = [new ReportSample("a", Picture(), Cells([1]), after, truth)],
        };
        StringAssert.Contains(
            Verdict(report).Precision, "(IoU 0.9) it is 0.333 after and 0.500 before", StringComparison.Ordinal);
    }

    [TestMethod]
    [DataRow(StopReason.FalseNegativeRate, 10, "more than 5% of the cells")]
    [DataRow(StopReason.EmbeddingDistance, 10, "further than 0.5")]
    [DataRow(StopReason.Cancelled, 3, "stopped by hand")]
    [DataRow(StopReason.Outlines, 10, "no better checkpoint was found")]
    [DataRow(StopReason.Completed, 0, "No step was made")]
    public void Verdict_OriginalKept_SaysWhy(StopReason reason, int iterations, string why)
    {
        RunReport report = Report() with { Reason = reason, KeptPoint = Point(0), Iterations = iterations };
        ReportVerdict verdict = Verdict(report);
        Assert.AreEqual("Original model kept", verdict.Headline);
        StringAssert.Contains(verdict.Reason, why, StringComparison.Ordinal);
    }

    [TestMethod]
    [DataRow(StopReason.Diverged)]
    [DataRow(StopReason.NoCells)]
    public void Verdict_NothingGood_SpeaksOfNoModel(StopReason reason) => Assert.AreEqual(
        "No adapted model", Verdict(Report() with { Reason = reason, KeptPoint = Point(0), Samples = [] }).Headline);

    [TestMethod]
    [DataRow(RejectionCause.TooLittleEvidence, 1.6, 1.7)]
    [DataRow(RejectionCause.CellsLost, 0.2, 0.05)]
    [DataRow(RejectionCause.EmbeddingsMoved, 0.7, 0.5)]
    public void Verdict_OriginalKept_NamesTheCandidateAndItsFigures(RejectionCause cause, double value, double limit)
    {
        LabelFreeSignals signals = Point(10).Signals with { FnRate = 0.2, Evidence = 1.6, Cells = 4 };
        EvaluationPoint best = Point(10) with { Signals = signals };
        RunReport report = Report() with
        {
            KeptPoint = Point(0),
            Evaluations = [Point(0), best],
            Rejection = new Rejection(best, cause, value, limit),
        };
        ReportVerdict verdict = Verdict(report);
        StringAssert.Contains(verdict.Reason, "after step 10, was rejected", StringComparison.Ordinal);
        string shown = cause == RejectionCause.CellsLost ? "20.0%" : value.ToString("0.###", CultureInfo.InvariantCulture);
        StringAssert.Contains(verdict.Reason, shown, StringComparison.Ordinal);
        Assert.IsGreaterThan(0, verdict.Advice.Length);
    }

    [TestMethod]
    public void Html_OriginalKept_OutlinesTheRejectedCandidate()
    {
        EvaluationPoint best = Point(10);
        ReportSample sample = Sample("a", [1, 2], [1, 2], null) with { Rejected = Cells([1, 3]) };
        string html = (Report() with
        {
            KeptPoint = Point(0),
            Rejection = new Rejection(best, RejectionCause.TooLittleEvidence, 1.6, 1.7),
            Samples = [sample],
        }).ToHtml();
        StringAssert.Contains(html, "<path class=\"gained\" d=\"M24 24v5h5v-5z\"/>", StringComparison.Ordinal);
        StringAssert.Contains(html, "rejected (step 10)", StringComparison.Ordinal);
        StringAssert.Contains(html, "kept: the original", StringComparison.Ordinal);
        StringAssert.Contains(html, "<path class=\"rejected\"", StringComparison.Ordinal);
        Assert.DoesNotContain(">after<", html);
    }

    [TestMethod]
    public void Html_Notes_AreWarnings() => StringAssert.Contains(
        (Report() with { Notes = ["a note of the run"] }).ToHtml(), "</strong> a note of the run</p>", StringComparison.Ordinal);

    [TestMethod]
    public void GroupsPage_LinksReportsThatAreThere_AndEscapesNames()
    {
        string html = GroupsPage.ToHtml(
        [
            new("group-1", "with a dark background", ["a", "<b>"], "original <i>kept</i>"),
            new("group-2", "with a bright background", ["c"], null),
        ]);
        StringAssert.Contains(html, "<a href=\"group-1/report.html\">", StringComparison.Ordinal);
        Assert.DoesNotContain("group-2/report.html", html);
        Assert.DoesNotContain("<b>", html);
        Assert.DoesNotContain("<i>", html);
        StringAssert.Contains(html, "2 images with a dark background", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Verdict_AdaptedKeptByOutlines_SaysHowWellTheyFit() => StringAssert.Contains(
        Verdict(Report()).Reason, "its evidence is 1.5 \u00b1 0.2", StringComparison.Ordinal);

    [TestMethod]
    public void Warnings_Collapse_BlindSignals_AndHardlyAnyPixel()
    {
        StringAssert.Contains(
            Verdict(Report() with { Samples = [Sample("a", [1, 2], [], null)] }).Warnings.Single(), "collapsed",
            StringComparison.Ordinal);
        Assert.IsTrue(Verdict(Report() with { Samples = [Sample("a", [], [1, 2, 3], null)] }).Warnings
            .Any(w => w.Contains("blind", StringComparison.Ordinal)));
        Assert.IsTrue(Verdict(Report() with { Samples = [Sample("a", [1], [1, 2, 3], null)] }).Warnings.Single()
            .Contains("1 before, 3 after", StringComparison.Ordinal));
        Assert.IsTrue(Verdict(Report() with { Steps = [new(1, 1, 0.001)] }).Warnings.Single()
            .Contains("hardly any pixel", StringComparison.Ordinal));
        Assert.IsEmpty(Verdict(Report()).Warnings);
    }

    [TestMethod]
    public void Figures_GainedAndLost_AreOutlinedAlongTheirPixels()
    {
        string html = (Report() with { Samples = [Sample("a", [1, 2], [1, 3], null)] }).ToHtml();

        // Cell 2 at (14, 14) is lost, cell 3 at (24, 24) is gained: squares of 5 px.
        StringAssert.Contains(html, "<path class=\"lost\" d=\"M14 14v5h5v-5z\"/>", StringComparison.Ordinal);
        StringAssert.Contains(html, "<path class=\"gained\" d=\"M24 24v5h5v-5z\"/>", StringComparison.Ordinal);
        StringAssert.Contains(html, "<path class=\"same\" d=\"M4 4v5h5v-5z\"/>", StringComparison.Ordinal);
        StringAssert.Contains(html, "1 gained, 1 lost", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Figures_LargeImage_ShowsThePartThatChanged()
    {
        const int Large = 1000;
        int[] after = new int[Large * Large];
        for (int y = 900; y < 910; y++)
        {
            after.AsSpan((y * Large) + 50, 10).Fill(1);
        }

        ReportSample sample = new(
            "a", new Image(1, Large, Large, new float[Large * Large]),
            new LabelImage(Large, Large, new int[Large * Large]), new LabelImage(Large, Large, after), null);
        string html = OutlineFigure.Draw(new SampleChange(sample), "x", null, null);
        string[] box = Regex.Match(html, "viewBox=\"([^\"]*)\"").Groups[1].Value.Split(' ');
        int[] numbers = Array.ConvertAll(box, n => int.Parse(n, CultureInfo.InvariantCulture));
        Assert.IsTrue(numbers[1] <= 900 && numbers[1] + numbers[3] >= 910 && numbers[0] <= 50, string.Join(' ', box));
        Assert.AreEqual(OutlineFigure.Window, numbers[2]);
    }

    [TestMethod]
    public void Charts_KeptStepAndLimit_LieWhereTheyBelong()
    {
        string svg = LineChart.Draw("t", [new("s", [(0, 0), (100, 1), (50, double.NaN)])], 50, 0.5, 100);

        // The plot spans x 52 to 438 and y 186 to 14; both axes end at their largest value.
        StringAssert.Contains(svg, "kept: step 50", StringComparison.Ordinal);
        StringAssert.Contains(svg, "<path class=\"kept\" d=\"M245 14V186\"/>", StringComparison.Ordinal);
        StringAssert.Contains(svg, "<path class=\"limit\" d=\"M52 100H438\"/>", StringComparison.Ordinal);
        StringAssert.Contains(svg, "points=\"52,186 438,14\"", StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", svg);
        Assert.DoesNotContain(">-0", svg);
    }

    [TestMethod]
    public void Charts_LongCurve_StaysSmall()
    {
        (double X, double Y)[] points = [.. Enumerable.Range(1, 25_000).Select(i => ((double)i, i % 7.0))];
        Assert.IsLessThan(12_000, LineChart.Draw("t", [new("s", points)], null, null, 25_000).Length);
    }

    [TestMethod]
    public void Curves_LogCutOff_GivesWhatIsWhole()
    {
        string path = Path.GetTempFileName();
        File.WriteAllText(path, """
            {"kind":"evaluation","iteration":0,"fnRate":0}
            {"kind":"step","iteration":1,"loss":0.5,"kept":[0.25,0.75,null]}
            {"kind":"step","iteration":2,"loss":null,"kept":[]}
            [1]
            {"kind":"step","iteration":3,"lo
            """);
        IReadOnlyList<LoggedStep> steps = RunCurves.Read(path);
        File.Delete(path);
        Assert.HasCount(2, steps);
        Assert.AreEqual(new LoggedStep(1, 0.5, 0.5), steps[0]);
        Assert.IsTrue(double.IsNaN(steps[1].Loss) && double.IsNaN(steps[1].Kept));
    }

    private static ReportVerdict Verdict(RunReport report) =>
        ReportVerdict.Of(report, [.. report.Samples.Select(s => new SampleChange(s))]);

    private static RunReport Report() => new()
    {
        Facts = [("Model", "m.onnx")],
        AllOptions = [("iterations", "10")],
        Options = new AdaptationOptions(),
        Reason = StopReason.Completed,
        KeptPoint = Point(10),
        Evaluations = [Point(0), Point(10)],
        Steps = [new(1, 0.5, 0.8), new(2, 0.4, 0.8)],
        Iterations = 10,
        Samples = [Sample("a", [1, 2], [1, 2], null), Sample("b", [1], [1], null)],
    };

    private static EvaluationPoint Point(int iteration) => new(
        iteration,
        new LabelFreeSignals { FnRate = 0.01, EmbeddingDistance = 0.1, OutlineFit = 1.5, OutlineChange = 0.08, Evidence = 1.5, EvidenceError = 0.2, Cells = 5 },
        0.9, 0.01);

    private static ReportSample Sample(string name, int[] before, int[] after, int[]? truth) =>
        new(name, Picture(), Cells(before), Cells(after), truth is null ? null : Cells(truth));

    private static Image Picture() =>
        new(1, Side, Side, [.. Enumerable.Range(0, Side * Side).Select(i => (float)i)]);

    /// <summary>Square cells of 5 px; cell n begins at row and column 10 n - 6.</summary>
    private static LabelImage Cells(int[] numbers)
    {
        int[] labels = new int[Side * Side];
        foreach (int n in numbers)
        {
            for (int y = 0; y < 5; y++)
            {
                labels.AsSpan((((10 * n) - 6 + y) * Side) + (10 * n) - 6, 5).Fill(n);
            }
        }

        return new LabelImage(Side, Side, labels);
    }
}
