using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Metrics;
using SelfAdapt.Tool.Results;
using SelfAdapt.Tool.Viewer;
using static Microsoft.Playwright.Assertions;

namespace SelfAdapt.Tests.Tool.Viewer;

/// <summary>The viewer's page in a real browser, end to end.</summary>
[TestClass]
internal sealed partial class ViewerPageTests
{
    private static readonly SegmentationOptions Scaled = new() { Diameter = 22, DiamMean = 17 };

    private static Browser? _browser;

    public TestContext TestContext { get; set; } = null!;

    [ClassCleanup]
    public static async Task CloseBrowser()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }
    }

    [TestMethod]
    public async Task Page_Run_ShowsImageAndCells()
    {
        IPage page = await OpenPageAsync();
        using ViewedRun run = new(Scaled, runtime: null);
        await page.GotoAsync(run.Server.Address);
        await Expect(page.Locator("#images b")).ToHaveTextAsync(ViewedRun.ImageName);
        await Expect(page.Locator("#cells td.gained")).ToHaveCountAsync(run.Cells);
        await Expect(page.Locator("#live")).ToContainTextAsync("onnxruntime-web");
    }

    [TestMethod]
    [DataRow("simulated", 22, false)]
    [DataRow("simulated", 22, true)]
    [DataRow("fluo/003cee89357d9fe1_img.png", 10, false)]
    [DataRow("other/00ae65c1c6631ae6_img.png", 17, false)]
    public async Task Page_ImageDropped_SameMasksAsSegment(string image, int diameter, bool augment)
    {
        string? runtime = WebRuntime.Find();
        if (runtime is null)
        {
            Assert.Inconclusive("not run: " + WebRuntime.Missing);
        }

        string? real = image == "simulated" ? null : SharedData.Path("data", "dsb2018", image);
        IPage page = await OpenPageAsync();
        using ViewedRun run = new(Scaled with { Diameter = diameter, Augment = augment }, runtime);
        string path = Path.Combine(run.Folder, "dropped.tif");
        ImageFile.WriteTiff(path, real is null ? run.Image : Part(ImageFile.Read(real)));

        LabelImage expected = Segment(run, path, diameter, augment);
        await page.GotoAsync(run.Server.Address);
        await Expect(page.Locator("#cells tbody tr")).Not.ToHaveCountAsync(0);
        await page.EvaluateAsync(
            """
            base64 => {
              const bytes = Uint8Array.from(atob(base64), c => c.charCodeAt(0));
              const transfer = new DataTransfer();
              transfer.items.add(new File([bytes], 'dropped'));
              dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, cancelable: true }));
            }
            """, Convert.ToBase64String(File.ReadAllBytes(path)));
        await Expect(page.Locator("body")).ToHaveAttributeAsync("data-live", Ended());
        string status = (await page.Locator("#status").TextContentAsync())!;
        Assert.AreEqual("done", await page.EvaluateAsync<string>("document.body.dataset.live"), status);
        int[] labels = await page.EvaluateAsync<int[]>("import('/page/app.js').then(m => [...m.studio.right.labels])");
        LabelImage found = new(expected.Height, expected.Width, labels);

        double precision = InstanceMatching.Match(expected, found, 0.9).AveragePrecision;
        int different = 0;
        for (int i = 0; i < labels.Length; i++)
        {
            different += labels[i] == expected.Labels[i] ? 0 : 1;
        }

        TestContext.WriteLine(
            $"{image}, diameter {diameter}: {CellGeometry.Count(expected)} cells, AP at IoU 0.9 {precision:0.0000}, {different} of "
            + $"{labels.Length} pixels differ; {status}");
        Assert.IsGreaterThan(2, CellGeometry.Count(expected));
        Assert.IsGreaterThanOrEqualTo(0.99, precision);
    }

    [GeneratedRegex("done|failed")]
    private static partial Regex Ended();

    /// <summary>One browser serves all tests: each opens an address of its own.</summary>
    private static async Task<IPage> OpenPageAsync() => (_browser ??= await Browser.StartAsync()).Page;

    /// <summary>A corner that at scale 1.7 takes two tiles in each direction.</summary>
    private static Image Part(Image image)
    {
        const int Height = 150;
        const int Width = 172;
        float[] pixels = new float[image.Channels * Height * Width];
        for (int c = 0; c < image.Channels; c++)
        {
            for (int y = 0; y < Height; y++)
            {
                image.Plane(c).Slice(y * image.Width, Width).CopyTo(pixels.AsSpan(((c * Height) + y) * Width));
            }
        }

        return new Image(image.Channels, Height, Width, pixels);
    }

    private static LabelImage Segment(ViewedRun run, string path, int diameter, bool augment)
    {
        string results = Path.Combine(run.Folder, "results");
        string[] words =
        [
            "segment", "--model", RunFolder.Adapted(run.Folder), "--images", path, "--out", results, "--diameter",
            diameter.ToString(CultureInfo.InvariantCulture), "--diam-mean", "17",
            .. augment ? ["--augment"] : (string[])[],
        ];
        ToolRun.Ok(words);
        return LabelFile.Read(Path.Combine(results, "dropped_cp_masks.tif"));
    }
}
