using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation.Masks;
using static Microsoft.Playwright.Assertions;

namespace SelfAdapt.Tests.Tool.Studio;

/// <summary>The page of strokes in a real browser: painted with the pointer, to masks and a trained network.</summary>
[TestClass]
internal sealed partial class StrokesPageTests : StudioPageTest
{
    [TestMethod]
    public async Task Strokes_FromThePointerToMasksAndANetwork()
    {
        string strokes = Path.Combine(Project, "strokes", "nuclei_1_strokes.png");
        string mapped;
        using (StudioProcess first = new(Images))
        {
            await OpenAsync(first.Address);
            await GoToStrokesAsync();

            // One class says nothing yet; a stroke is on the disk even so, and undone there, too.
            LabelImage truth = Truth(0);
            await PaintAsync(truth, 1);
            await Expect(At("#learnt")).ToContainTextAsync("some of both");
            await UntilAsync(() => Task.FromResult(File.Exists(strokes)), "a stroke is on the disk");
            LabelImage painted = LabelFile.Read(strokes);
            Assert.AreEqual(2, painted.Labels.Max());
            Assert.AreEqual((truth.Height, truth.Width), (painted.Height, painted.Width));
            await Page.Keyboard.PressAsync("z");
            await Expect(At("#undo")).ToBeDisabledAsync();
            await Expect(At("#clear")).ToBeDisabledAsync();
            await UntilAsync(() => Task.FromResult(!File.Exists(strokes)), "an undone stroke is gone from the disk");

            foreach (int cell in (int[])[1, 2, 3])
            {
                await PaintAsync(truth, cell);
            }

            await Page.Keyboard.PressAsync("x");
            await PaintBackgroundAsync(truth);
            await Expect(At("#learnt")).ToHaveTextAsync(ObjectsFound());
            mapped = (await At("#learnt").TextContentAsync())!;
            await EveryControlHasANameAsync();
            first.Kill();
        }

        // Another studio, another page: what was painted is there, and can be painted on.
        byte[] before = await File.ReadAllBytesAsync(strokes);
        using StudioProcess second = new(Images);
        await OpenAsync(second.Address);
        await GoToStrokesAsync();
        await Expect(At("#learnt")).ToHaveTextAsync(ObjectsFound());
        CollectionAssert.AreEqual(before, await File.ReadAllBytesAsync(strokes));
        int shown = await CellsAsync();
        Assert.IsGreaterThan(2, shown, "objects are outlined");

        await At("#apply").ClickAsync();
        await Expect(At("#stroke-jobs .note").First).ToContainTextAsync($"done, {Count} of {Count}");
        string run = Path.Combine(Project, "runs", "strokes-1");
        Assert.HasCount(Count, Directory.GetFiles(run, "*_cp_masks.tif"));
        Assert.AreEqual(
            shown, CellGeometry.Count(LabelFile.Read(Path.Combine(run, "nuclei_1_cp_masks.tif"))), "the run finds what the page showed");

        await At("#stroke-jobs .note button").First.ClickAsync();
        await Expect(At("#change .figures b")).ToHaveCountAsync(4);
        await Expect(At("#change .figures b").Nth(1)).ToHaveTextAsync(Text(shown));
        await At("#panel button.train").ClickAsync();
        await Expect(At("#stroke-jobs")).ToContainTextAsync(Trained());
        await At("[data-job='train-1'] [data-do='keep']").ClickAsync();
        await Expect(At("#stroke-jobs")).ToContainTextAsync("train-1 stopped");
        await At("[data-job='train-1'] [data-do='resume']").ClickAsync();
        await Expect(At("#stroke-jobs")).ToContainTextAsync("train-1 done, 100 of 100");
        await At("[data-job='train-1'] button").First.ClickAsync();
        await Expect(At("#change .figures")).ToBeVisibleAsync();
        await At("#accept").ClickAsync();
        await Expect(At("#accepted")).ToContainTextAsync("Decided: the model of train-1");
        JsonObject state = ToolRun.Json(Path.Combine(Project, "project.json"));
        string model = (string)state["accepted"]!["model"]!;
        Assert.IsTrue(File.Exists(model), model);
        Assert.AreEqual(
            (double)ToolRun.Json(run.Replace("strokes-1", "train-1", StringComparison.Ordinal) + ".json")["mean_diameter"]!,
            (double)state["setup"]!["diameter"]!, 0.1, "a trained network is shown objects of the size that it knows");

        await GoAsync("Use");
        await Expect(At("#panel")).ToContainTextAsync("model of train-1");
        await Expect(At("[data-job=strokes-1] a")).ToBeVisibleAsync();
        TestContext.WriteLine(mapped);
    }

    [TestMethod]
    public async Task Hand_Eraser_AndSize()
    {
        using StudioProcess studio = new(Images);
        await OpenAsync(studio.Address);
        await GoToStrokesAsync();
        ILocator objects = At("#painted b").First;
        int middle = Side / 2;

        await Page.Keyboard.PressAsync("]");
        await Page.Keyboard.PressAsync("]");
        await Expect(At("#brush-px")).ToHaveTextAsync("8 px");
        await DragAsync((middle, middle), (middle, middle + 20));
        await Expect(objects).Not.ToHaveTextAsync("0 px");
        string painted = (await objects.TextContentAsync())!;
        Assert.AreEqual(8 * 20, int.Parse(painted.Split(' ')[0], CultureInfo.InvariantCulture), 60, "a brush of 8 px over 20 px");

        // The middle button and a held hand move the picture and paint nothing.
        await DragAsync((middle, middle), (middle + 6, middle), MouseButton.Middle);
        await DragAsync((middle + 6, middle), (middle, middle), MouseButton.Middle);
        await At("#tool-hand").ClickAsync();
        await DragAsync((middle, middle), (middle + 6, middle));
        await DragAsync((middle + 6, middle), (middle, middle));
        await Expect(objects).ToHaveTextAsync(painted);

        await At("#tool-eraser").ClickAsync();
        await DragAsync((middle, middle - 5), (middle, middle + 25));
        await Expect(At("#painted b")).ToHaveTextAsync(["0 px", "0 px", "0"]);
        string strokes = Path.Combine(Project, "strokes", "nuclei_1_strokes.png");
        await UntilAsync(() => Task.FromResult(!File.Exists(strokes)), "all is erased");
    }

    private async Task GoToStrokesAsync()
    {
        await GoAsync("Strokes");
        await Expect(At("#tool-object")).ToHaveAttributeAsync("aria-pressed", "true");
        await Expect(At("#painted b")).ToHaveCountAsync(3);
    }

    [GeneratedRegex("Map redrawn.*object")]
    private static partial Regex ObjectsFound();

    [GeneratedRegex("train-1 running, [1-9]")]
    private static partial Regex Trained();
}
