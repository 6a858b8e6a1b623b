using System.Text.Json.Nodes;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Simulation;
using SelfAdapt.Tool;

namespace SelfAdapt.Tests.Tool.Studio;

/// <summary>The page of strokes in a real browser: painted with the pointer, to masks and a trained network.</summary>
[TestClass]
internal sealed class StrokesPageTests : IDisposable
{
    private StudioPage _page = null!;

    public TestContext TestContext { get; set; } = null!;

    [TestInitialize]
    public async Task Start() => _page = await StudioPage.StartAsync();

    public void Dispose() => _page?.Dispose();

    [TestMethod]
    public async Task Strokes_FromThePointerToMasksAndANetwork()
    {
        string strokes = Path.Combine(_page.Project, "strokes", "nuclei_1_strokes.png");
        double mapped;
        using (StudioProcess first = new(_page.Images))
        {
            await _page.OpenAsync(first.Address);
            await GoToStrokesAsync();

            // One class says nothing yet; a stroke is on the disk even so, and undone there, too.
            LabelImage truth = Truth(0);
            await PaintAsync(truth, 1);
            await _page.WaitAsync("/some of both/.test(document.getElementById('learnt').textContent)");
            await UntilAsync(() => File.Exists(strokes), "a stroke is on the disk");
            LabelImage painted = LabelFile.Read(strokes);
            Assert.AreEqual(2, painted.Labels.Max());
            Assert.AreEqual((truth.Height, truth.Width), (painted.Height, painted.Width));
            await _page.Browser.PressAsync("z");
            await _page.WaitAsync("document.getElementById('undo').disabled && document.getElementById('clear').disabled");
            await UntilAsync(() => !File.Exists(strokes), "an undone stroke is gone from the disk");

            foreach (int cell in (int[])[1, 2, 3])
            {
                await PaintAsync(truth, cell);
            }

            await _page.Browser.PressAsync("x");
            await PaintBackgroundAsync(truth);
            await _page.WaitAsync("/Map redrawn .*object/.test(document.getElementById('learnt').textContent)");
            mapped = await _page.NumberAsync("Number(/redrawn ([0-9.]+)/.exec(document.getElementById('learnt').textContent)[1])");
            await _page.EveryControlHasANameAsync();
            first.Kill();
        }

        // Another studio, another page: what was painted is there, and can be painted on.
        byte[] before = await File.ReadAllBytesAsync(strokes);
        using StudioProcess second = new(_page.Images);
        await _page.OpenAsync(second.Address);
        await GoToStrokesAsync();
        await _page.WaitAsync("/Map redrawn.*object/.test(document.getElementById('learnt').textContent)");
        CollectionAssert.AreEqual(before, await File.ReadAllBytesAsync(strokes));
        double shown = await _page.NumberAsync("import('/page/app.js').then(m => m.studio.right.cells.length)");
        Assert.IsGreaterThan(2, shown, "objects are outlined");

        await _page.ClickAsync("#apply");
        await _page.WaitAsync($"/done, {StudioPage.Count} of {StudioPage.Count}/.test(document.querySelector('#stroke-jobs .note')?.textContent)");
        string run = Path.Combine(_page.Project, "runs", "strokes-1");
        Assert.HasCount(StudioPage.Count, Directory.GetFiles(run, "*_cp_masks.tif"));
        Assert.AreEqual(
            shown, CellGeometry.Count(LabelFile.Read(Path.Combine(run, "nuclei_1_cp_masks.tif"))), "the run finds what the page showed");

        await _page.ClickAsync("#stroke-jobs .note button");
        await _page.WaitAsync("document.querySelectorAll('#change .figures b').length === 4");
        Assert.AreEqual(StudioPage.Text(shown), await _page.TextAsync("document.querySelectorAll('#change .figures b')[1].textContent"));
        await _page.ClickAsync("#panel button.train");
        await _page.WaitAsync("/train-1 running, [1-9]/.test(document.getElementById('stroke-jobs')?.textContent)");
        await _page.ClickAsync("[data-job='train-1'] [data-do='keep']");
        await _page.WaitAsync("/train-1 done/.test(document.getElementById('stroke-jobs')?.textContent)");
        await _page.ClickAsync("[data-job='train-1'] button");
        await _page.WaitAsync("document.getElementById('accept') && document.querySelector('#change .figures')");
        await _page.ClickAsync("#accept");
        await _page.WaitAsync("/Decided: the model of train-1/.test(document.getElementById('accepted').textContent)");
        JsonObject state = ToolRun.Json(Path.Combine(_page.Project, "project.json"));
        string model = (string)state["accepted"]!["model"]!;
        Assert.IsTrue(File.Exists(model), model);
        Assert.AreEqual(
            (double)ToolRun.Json(run.Replace("strokes-1", "train-1", StringComparison.Ordinal) + ".json")["mean_diameter"]!,
            (double)state["setup"]!["diameter"]!, 0.1, "a trained network is shown objects of the size that it knows");

        await _page.GoAsync("Use");
        await _page.WaitAsync("/model of train-1/.test(document.getElementById('panel').textContent) && document.querySelector('[data-job=strokes-1] a')");
        TestContext.WriteLine($"map {mapped} s after the stroke");
    }

    [TestMethod]
    public async Task Hand_Eraser_AndSize()
    {
        using StudioProcess studio = new(_page.Images);
        await _page.OpenAsync(studio.Address);
        await GoToStrokesAsync();
        (double x, double y, double scale) = await _page.PictureAsync();
        const string Counts = "[...document.querySelectorAll('#painted b')].map(b => b.textContent).join()";

        await _page.Browser.PressAsync("]");
        await _page.Browser.PressAsync("]");
        Assert.AreEqual("8 px", await _page.TextAsync("document.getElementById('brush-px').textContent"));
        await _page.Browser.DragAsync((x, y), (x + (20 * scale), y));
        await _page.WaitAsync($"{Counts} !== '0 px,0 px,0'");
        string painted = await _page.TextAsync(Counts);
        Assert.AreEqual(8 * 20, int.Parse(painted.Split(' ')[0]), 60, "a brush of 8 px over 20 px");

        // The middle button and a held hand move the picture and paint nothing.
        await _page.Browser.DragAsync((x, y), (x, y + 30), "middle");
        await _page.Browser.DragAsync((x, y + 30), (x, y), "middle");
        await _page.ClickAsync("#tool-hand");
        await _page.Browser.DragAsync((x, y), (x, y + 30));
        await _page.Browser.DragAsync((x, y + 30), (x, y));
        Assert.AreEqual(painted, await _page.TextAsync(Counts));

        await _page.ClickAsync("#tool-eraser");
        await _page.Browser.DragAsync((x - (5 * scale), y), (x + (25 * scale), y));
        await _page.WaitAsync($"{Counts} === '0 px,0 px,0'");
        await UntilAsync(() => !File.Exists(Path.Combine(_page.Project, "strokes", "nuclei_1_strokes.png")), "all is erased");
    }

    private static LabelImage Truth(int image) => MicrographSimulator.Simulate(
        MicrographOptions.Shifted with { Height = StudioPage.Side, Width = StudioPage.Side, Nuclei = StudioPage.Side * StudioPage.Side / 1200 },
        (ulong)image).Labels;

    private static async Task UntilAsync(Func<bool> condition, string what)
    {
        for (int i = 0; i < 300 && !condition(); i++)
        {
            await Task.Delay(100);
        }

        Assert.IsTrue(condition(), what);
    }

    private async Task GoToStrokesAsync()
    {
        await _page.GoAsync("Strokes");
        await _page.WaitAsync("document.querySelector('#tool-object[aria-pressed=true]') && document.querySelector('#painted b')");
        await _page.Browser.EvaluateAsync("document.activeElement.blur()");
    }

    /// <summary>A short stroke through the middle of a cell.</summary>
    private async Task PaintAsync(LabelImage truth, int cell)
    {
        int[] places = [.. Enumerable.Range(0, truth.Labels.Length).Where(i => truth.Labels[i] == cell)];
        (double y, double x) = (places.Average(p => p / truth.Width) + 0.5, places.Average(p => p % truth.Width) + 0.5);
        await DragAsync((y, x - 2), (y, x + 2));
    }

    /// <summary>A stroke along the first row with a stretch that has no cell near it.</summary>
    private async Task PaintBackgroundAsync(LabelImage truth)
    {
        const int Length = 20;
        for (int y = 6; y < truth.Height - 6; y++)
        {
            for (int x = 6; x < truth.Width - Length - 6; x++)
            {
                if (Enumerable.Range(y - 4, 9).All(r => truth.Labels.AsSpan((r * truth.Width) + x - 4, Length + 8).IndexOfAnyExcept(0) < 0))
                {
                    await DragAsync((y, x), (y, x + Length));
                    return;
                }
            }
        }

        Assert.Fail("no background to paint on");
    }

    private async Task DragAsync((double Y, double X) from, (double Y, double X) to)
    {
        (double x, double y, double scale) = await _page.PictureAsync();
        (double, double) OnScreen((double Y, double X) p) =>
            (x + (scale * (p.X - (StudioPage.Side / 2.0))), y + (scale * (p.Y - (StudioPage.Side / 2.0))));
        await _page.Browser.DragAsync(OnScreen(from), OnScreen(to));
    }
}
