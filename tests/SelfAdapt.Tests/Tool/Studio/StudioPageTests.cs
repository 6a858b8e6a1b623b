using System.Diagnostics;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Files.Tiff;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Packages;
using SelfAdapt.Tool.Viewer;
using static Microsoft.Playwright.Assertions;

namespace SelfAdapt.Tests.Tool.Studio;

/// <summary>The whole job in a real browser, as a user does it: clicks, drags and keys.</summary>
[TestClass]
internal sealed partial class StudioPageTests : StudioPageTest
{
    [TestMethod]
    public async Task WholeJob_FromTheFolderToTheMasks()
    {
        Stopwatch watch = Stopwatch.StartNew();
        using StudioProcess studio = new(Images);
        await OpenAsync(studio.Address);

        await At("#segment").ClickAsync();
        await Expect(At("#found table")).ToBeVisibleAsync();
        await Page.Keyboard.PressAsync("ArrowDown");
        await Expect(At("#name")).ToHaveTextAsync("nuclei_2.tif");

        await GoAsync("Set up");
        await At("#draw").ClickAsync();
        await DragAsync((Side / 2, (Side / 2) - 11), (Side / 2, (Side / 2) + 11));
        await Expect(At("#doubt")).ToContainTextAsync("Draw again");
        double diameter = double.Parse(await At("#diameter").InputValueAsync(), System.Globalization.CultureInfo.InvariantCulture);
        Assert.AreEqual(22, diameter, 0.5, "a line of 22 px was drawn");
        await UntilAsync($"fetch('/api/state').then(r => r.json()).then(s => s.setup.diameter === {Text(diameter)})");
        await At("#preview").ClickAsync();
        await Expect(At("#previewed")).ToContainTextAsync("cells in");

        await GoAsync("Adapt");
        await AdaptAsync(iterations: 20);
        await Expect(At("#right")).ToContainTextAsync("after step");
        await Page.ReloadAsync();
        await Expect(At("#phase")).ToHaveTextAsync(RunningOrDone());
        await Expect(At("#phase")).ToContainTextAsync("done");
        await Expect(At("#figures b").First).ToHaveTextAsync("20 / 20");

        await GoAsync("Decide");
        await Expect(At("#change .figures b")).ToHaveCountAsync(4);
        string before = await At("#border").InputValueAsync();
        await At("#canvas").FocusAsync();
        await Page.Keyboard.PressAsync("Space");
        Assert.AreNotEqual(before, await At("#border").InputValueAsync(), "space turns before to after");
        await At("tr[data-step='20']").ClickAsync();
        await Expect(At("#accept")).ToContainTextAsync("step 20");
        await Expect(At("#right")).ToContainTextAsync("after step 20");
        int promised = await CellsAsync();
        await At("#accept").ClickAsync();
        await Expect(At("#accepted")).ToContainTextAsync("after step 20");

        Page.Dialog += (_, question) => question.AcceptAsync();
        if (await At("#clear-snapshots").IsVisibleAsync())
        {
            await At("#clear-snapshots").ClickAsync();
            await Expect(At("#clear-snapshots")).ToHaveCountAsync(0);
            await Expect(At("tr[data-step='20']")).ToBeVisibleAsync();
        }

        await GoAsync("Use");
        await At("#export-bioimageio").ClickAsync();
        await Expect(At("#exports a")).ToBeVisibleAsync();
        await At("#segment-all").ClickAsync();
        await Expect(At("#batches .note").First).ToContainTextAsync($"done, {Count} of {Count}");
        string package = Directory.GetFiles(Path.Combine(Project, "models", "exports"), "*.zip").Single();
        Assert.IsTrue(PackageCheck.IsPackage(package), "the export is a package");
        Assert.AreEqual(
            promised,
            CellGeometry.Count(LabelFile.Read(Path.Combine(Project, "runs", "segment-1", "nuclei_2_cp_masks.tif"))),
            "the folder's masks are those that were decided on");

        if (WebRuntime.Find() is not null)
        {
            await At("#try").ClickAsync();
            await Expect(At("#tried")).ToContainTextAsync("found in this browser");
            Assert.AreEqual(promised, await CellsAsync());
        }

        await EveryControlHasANameAsync();
        TestContext.WriteLine($"{watch.Elapsed.TotalSeconds:0} s");
    }

    [TestMethod]
    public async Task Killed_InTheMiddle_TheRunGoesOnAndANewStudioShowsIt()
    {
        using (StudioProcess first = new(Images))
        {
            await OpenAsync(first.Address);
            await GoAsync("Adapt");
            await AdaptAsync(iterations: 60);
            await Expect(At("#figures b").First).ToHaveTextAsync(StepReached());
            first.Kill();
        }

        string log = Path.Combine(Project, "runs", "adapt-1", "run.jsonl");
        long reached = new FileInfo(log).Length;
        using StudioProcess second = new(Images);
        await OpenAsync(second.Address);
        await GoAsync("Adapt");
        ILocator phase = At("#phase");
        await Expect(phase).ToHaveTextAsync(RunningOrDone());
        await UntilAsync($"fetch('/api/state').then(r => r.json()).then(s => s.jobs[0].log_bytes > {reached})");

        if ((await phase.TextContentAsync())!.Contains("running", StringComparison.Ordinal))
        {
            await At("#do-pause").ClickAsync();
            await Expect(phase).ToHaveTextAsync(PausedOrDone());
        }

        if ((await phase.TextContentAsync())!.Contains("paused", StringComparison.Ordinal))
        {
            await At("#do-resume").ClickAsync();
            await Expect(phase).ToContainTextAsync("running");
            await At("#do-keep").ClickAsync();
        }

        await Expect(phase).ToHaveTextAsync(StoppedOrDone());
        await GoAsync("Decide");
        await Expect(At("#change .figures")).ToBeVisibleAsync();
        await At("#keep-original, #accept").First.ClickAsync();
        await Expect(At("#accepted")).ToContainTextAsync("Decided");
    }

    [TestMethod]
    public async Task OddImages_AreShown_OrSayWhyNot()
    {
        File.WriteAllText(Path.Combine(Images, "nuclei_0.png"), "no picture");
        File.WriteAllBytes(
            Path.Combine(Images, "stack.tif"),
            TiffWriter.Encode(
                SampleKind.UInt8, 6, 8, 1, [.. Enumerable.Range(0, 48).Select(i => (byte)(i * 5))],
                "ImageJ=1.11a\nimages=6\nslices=2\nframes=3\nhyperstack=true\n"));
        using StudioProcess studio = new(Images);
        await Page.GotoAsync(studio.Address);
        await Expect(At("#unreadable")).ToContainTextAsync("nuclei_0.png: ");
        foreach (string step in (string[])["Set up", "Strokes", "Decide", "Use", "Adapt", "Look"])
        {
            await GoAsync(step);
            await At("#images button").Nth(1).ClickAsync();
            await Expect(At("#unreadable")).ToBeHiddenAsync();
            await Expect(At("#name")).ToHaveTextAsync("nuclei_1.tif");
            await At("#images button").First.ClickAsync();
            await Expect(At("#unreadable")).ToBeVisibleAsync();
        }

        // Depth and time have sliders of their own; a plane is found by both.
        await At("#images button").Nth(5).ClickAsync();
        await Expect(At("#plane-z")).ToBeVisibleAsync();
        await Expect(At("#plane-t")).ToHaveAttributeAsync("max", "2");
        foreach ((string slider, int value, int plane) in ((string, int, int)[])[("t", 2, 4), ("z", 1, 5), ("t", 0, 1)])
        {
            await At("#plane-" + slider).FillAsync(Text(value));
            await UntilAsync(
                $"import('/page/app.js').then(m => m.studio.plane === {plane} && m.studio.pixels.levels[0].planes[0][0] === {plane * 40})");
        }
    }

    [TestMethod]
    public async Task Pages_OnALaptopsScreen_NoControlIsOutside()
    {
        using StudioProcess studio = new(Images);
        await Page.SetViewportSizeAsync(1024, 700);
        await OpenAsync(studio.Address);
        foreach (string step in (string[])["Set up", "Adapt", "Strokes", "Decide", "Use", "Look"])
        {
            await GoAsync(step);
            await Expect(At("#panel h2")).ToHaveTextAsync(step);
            Assert.AreEqual("", await Page.EvaluateAsync<string>(
                "[...document.querySelectorAll('button, input, select')].filter(e => e.getClientRects().length)"
                + ".filter(e => (r => r.left < 0 || r.right > innerWidth)(e.getBoundingClientRect())).map(e => e.outerHTML).join('\\n')"));
        }
    }

    [TestMethod]
    public async Task WithoutAFolder_ThePageAsksForOne()
    {
        using StudioProcess studio = new(null);
        await Page.GotoAsync(studio.Address);
        await At("#path").FillAsync(Path.Combine(Images, "absent"));
        await At("#open button").ClickAsync();
        await Expect(At("#status")).ToContainTextAsync("is no folder");
        await At("#path").FillAsync(Images);
        await Page.Keyboard.PressAsync("Enter");
        await Expect(At("#images img[src]")).ToHaveCountAsync(Count);
    }

    [GeneratedRegex("running|done")]
    private static partial Regex RunningOrDone();

    [GeneratedRegex("paused|done")]
    private static partial Regex PausedOrDone();

    [GeneratedRegex("stopped|done")]
    private static partial Regex StoppedOrDone();

    [GeneratedRegex("^[1-9]")]
    private static partial Regex StepReached();
}
