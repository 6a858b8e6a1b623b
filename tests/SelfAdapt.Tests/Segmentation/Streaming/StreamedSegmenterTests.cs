using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Preparation;
using SelfAdapt.Segmentation.Simulation;
using SelfAdapt.Segmentation.Streaming;

namespace SelfAdapt.Tests.Segmentation.Streaming;

/// <summary>An image in rows gives what it gives as a whole, on the network that comes with the tool.</summary>
[TestClass]
internal sealed class StreamedSegmenterTests
{
    [TestMethod]
    [DataRow(0.0, false)]
    [DataRow(22.0, false)]
    [DataRow(22.0, true)]
    public void Segment_Blocks_SameMasksUpToNumbers(double diameter, bool excludeOnEdges)
    {
        Image image = Picture(620, 500);
        SegmentationOptions options = new()
        {
            Diameter = diameter,
            DiamMean = 17,
            ExcludeOnEdges = excludeOnEdges,
            Threads = 2,
        };
        Run(options, image, network =>
        {
            LabelImage whole = new Segmenter(network, options).Segment(image).Masks;
            LabelImage streamed = Streamed(network, options, image, core: 130);

            Assert.IsGreaterThan(50, whole.Labels.Max());
            AssertSamePartition(whole, streamed);
        });
    }

    [TestMethod]
    public void Segment_Augmented_SameMasksUpToNumbers()
    {
        Image image = Picture(260, 150);
        SegmentationOptions options = new() { Augment = true, Threads = 2 };
        Run(options, image, network => AssertSamePartition(
            new Segmenter(network, options).Segment(image).Masks, Streamed(network, options, image, core: 100)));
    }

    [TestMethod]
    [DataRow(IntensityNormalization.Percentile, 0.0, true)]
    [DataRow(IntensityNormalization.Percentile, 40.0, false)]
    [DataRow(IntensityNormalization.Percentile, 13.0, false)]
    [DataRow(IntensityNormalization.ZeroMeanUnitVariance, 13.0, false)]
    [DataRow(IntensityNormalization.None, 0.0, false)]
    public void PreparedRows_AnyPart_IsThatOfTheWholeBitForBit(
        IntensityNormalization normalization, double diameter, bool invert)
    {
        // Large enough that percentiles come from a sample of the pixels.
        Image image = Noise(2, 4100, 2900);
        SegmentationOptions options = new()
        {
            Normalization = normalization,
            Diameter = diameter,
            DiamMean = 17,
            Invert = invert,
            Channels = new ChannelPair(2, 1),
        };
        Image whole = ImagePreparation.Prepare(image, options, 2);
        PreparedRows rows =
            PreparedRows.Measure(new ImageRows(image), options, 2, "test", CancellationToken.None);
        Assert.AreEqual((whole.Height, whole.Width), (rows.Height, rows.Width));
        foreach (int first in (int[])[0, 1, 517, whole.Height - 33])
        {
            Image part = rows.Read(first, 33);
            for (int c = 0; c < 2; c++)
            {
                Assert.IsTrue(part.Plane(c).SequenceEqual(
                    whole.Plane(c).Slice(first * whole.Width, 33 * whole.Width)), $"rows from {first}");
            }
        }
    }

    [TestMethod]
    public void BlockMasks_CellsAcrossEverySeam_AreKeptOnceAndWhole()
    {
        // Discs on a grid that is no multiple of the core: seams cut them everywhere.
        (int height, int width) = (700, 640);
        Image logits = ImagePreparation.Blank(1, height, width);
        int discs = 0;
        for (int cy = 14; cy < height - 14; cy += 31)
        {
            for (int cx = 15; cx < width - 15; cx += 33, discs++)
            {
                Disc(logits, cy, cx, 13);
            }
        }

        SegmentationOptions options = new();
        List<int> labels = [];
        BlockPainter painter = new(new(height, width, 64, 40), rows => labels.AddRange(rows));
        BlockMasks masks = new(OutputDescription.Foreground, options, new(height, width, 64, 40), painter, 0, height);
        for (int y = 0; y < height; y += 7)
        {
            int count = Math.Min(7, height - y);
            masks.Add(new Image(1, count, width, logits.Plane(0).Slice(y * width, count * width).ToArray()));
        }

        Assert.AreEqual(discs, painter.Cells);
        AssertSamePartition(
            FlowMasks.Compute(logits, OutputDescription.Foreground, options),
            new LabelImage(height, width, [.. labels]));
    }

    [TestMethod]
    [DataRow(64)]
    [DataRow(1000)]
    public void BlockMasks_FarFromTheOrigin_RoundsPositionsAsTheWhole(int core)
    {
        // Beyond row 4,096 a position has half the digits behind the point that it has near row 1,000 of a block.
        (int height, int width) = (8600, 60);
        Image outputs = NoisyFlows(height, width);
        SegmentationOptions options = new() { FlowThreshold = 0 };
        LabelImage whole = FlowMasks.Compute(outputs, OutputDescription.Cellpose, options);
        Assert.IsGreaterThan(500, whole.Labels.Max());
        List<int> labels = [];
        BlockGrid grid = new(height, width, core, 96);
        BlockMasks masks = new(
            OutputDescription.Cellpose, options, grid, new BlockPainter(grid, rows => labels.AddRange(rows)), 0, height);
        masks.Add(outputs);
        AssertSamePartition(whole, new LabelImage(height, width, [.. labels]));
    }

    [TestMethod]
    [DataRow(0.0, 1, 130)]
    [DataRow(22.0, 2, 130)]
    [DataRow(22.0, 3, 200)]
    public void Segment_BrokenOff_GoesOnToTheSameMasks(double diameter, int marks, int core)
    {
        string file = Path.GetTempFileName();
        Image image = Picture(620, 400);
        SegmentationOptions options = new() { Diameter = diameter, DiamMean = 17, Threads = 2 };
        Run(options, image, network =>
        {
            LabelImage whole = Streamed(network, options, image, core: 130);
            int before = 0;
            Assert.ThrowsExactly<OperationCanceledException>(() => Resumed(130, () =>
            {
                if (++before == marks)
                {
                    throw new OperationCanceledException();
                }
            }));

            // The program died while it wrote a record.
            using (FileStream torn = new(file, FileMode.Append))
            {
                torn.Write([1, 0, 0, 0, 200, 0, 0, 0, 7, 7, 7, 7, 1, 2, 3]);
            }

            int after = 0;
            LabelImage resumed = Resumed(core, () => after++);
            Assert.AreEqual(core == 130 ? 4 : 5, after + (core == 130 ? before : 4));
            AssertSamePartition(whole, resumed);
            if (core == 130)
            {
                CollectionAssert.AreEqual(whole.Labels, resumed.Labels);
            }

            LabelImage Resumed(int core, Action marked)
            {
                List<int> labels = [];
                using UnfinishedMasks unfinished = UnfinishedMasks.Open(
                    file, "all", image.Height, image.Width, rows => labels.AddRange(rows), out MaskProgress? from);
                LabelRows take = rows =>
                {
                    labels.AddRange(rows);
                    unfinished.Add(rows);
                };
                new StreamedSegmenter(network, options, long.MaxValue) { Core = core }.Segment(
                    new ImageRows(image), "test", take, _ => { }, CancellationToken.None, from, progress =>
                    {
                        unfinished.Mark(progress);
                        marked();
                    });
                return new LabelImage(image.Height, image.Width, [.. labels]);
            }
        });
        File.Delete(file);
    }

    [TestMethod]
    public void UnfinishedMasks_CutOffAnywhere_GoesOnFromTheLastWholeMark()
    {
        string file = Path.GetTempFileName();
        (int[] first, int[] begun, int[] second) = ([1, 1, 0, 2, 2, 0], [0, 3, 3], [3, 3, 3]);
        using (UnfinishedMasks masks = UnfinishedMasks.Open(file, "k", 9, 3, _ => { }, out MaskProgress? none))
        {
            Assert.IsNull(none);
            masks.Add(first);
            masks.Mark(new MaskProgress(2, 4, 3, begun));
        }

        int marked = (int)new FileInfo(file).Length;
        using (UnfinishedMasks masks = UnfinishedMasks.Open(file, "k", 9, 3, _ => { }, out _))
        {
            masks.Add(second);
            masks.Mark(new MaskProgress(3, 5, 4, []));
        }

        byte[] whole = File.ReadAllBytes(file);
        for (int length = 0; length <= whole.Length; length++)
        {
            File.WriteAllBytes(file, whole[..length]);
            Check(length == whole.Length ? 3 : length >= marked ? 2 : 0);
        }

        // A changed bit counts as cut off there, and other options or another size begin anew.
        for (int at = 0; at < whole.Length; at++)
        {
            byte[] changed = [.. whole];
            changed[at] ^= 16;
            File.WriteAllBytes(file, changed);
            Check(at >= marked ? 2 : 0);
        }

        File.WriteAllBytes(file, whole);
        Check(0, "other");
        File.WriteAllBytes(file, whole);
        Check(0, width: 6);
        File.Delete(file);

        void Check(int rows, string decides = "k", int width = 3)
        {
            List<int> found = [];
            using UnfinishedMasks masks = UnfinishedMasks.Open(
                file, decides, 9, width, r => found.AddRange(r), out MaskProgress? progress);
            CollectionAssert.AreEqual(((int[])[.. first, .. second])[..(rows * 3)], found);
            Assert.AreEqual(rows, progress?.Top ?? 0);
            if (rows == 2)
            {
                CollectionAssert.AreEqual(begun, progress!.Begun);
                Assert.AreEqual((4, 3), (progress.CoreTop, progress.Cells));
            }
        }
    }

    [TestMethod]
    public void Segment_TooLittleMemory_SaysHowMuchIsNeeded()
    {
        Image image = Picture(64, 64);
        SegmentationOptions options = new();
        Run(options, image, network =>
        {
            SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(() =>
                new StreamedSegmenter(network, options, 100_000_000).Segment(
                    new ImageRows(image), "small.tif", _ => { }, _ => { }, CancellationToken.None));
            Assert.AreEqual(ErrorKind.OutOfMemory, e.Kind);
            StringAssert.Contains(e.Message, "at least", StringComparison.Ordinal);
        });
    }

    private static void Run(SegmentationOptions options, Image image, Action<ISegmentationNetwork> test)
    {
        string model = Path.Combine(RepositoryFolder.Root, "models", "nuclei_small.onnx");
        Network network = Network.Read(OnnxModel.Load(model));
        using CpuBackend backend = new(2);
        using NetworkWeights weights = new(network, backend);
        using EngineNetwork engine = new(weights, backend);
        test(engine);
    }

    private static LabelImage Streamed(
        ISegmentationNetwork network, SegmentationOptions options, Image image, int core)
    {
        List<int> labels = [];
        double last = 0;
        int cells = new StreamedSegmenter(network, options, long.MaxValue) { Core = core }.Segment(
            new ImageRows(image), "test", rows => labels.AddRange(rows), share => last = share, CancellationToken.None);
        LabelImage result = new(image.Height, image.Width, [.. labels]);
        Assert.AreEqual(1.0, last);
        Assert.AreEqual(cells, result.Labels.Max());
        return result;
    }

    /// <summary>The same sets of pixels, whatever their numbers.</summary>
    private static void AssertSamePartition(LabelImage expected, LabelImage actual)
    {
        Dictionary<int, int> forth = [];
        Dictionary<int, int> back = [];
        int different = 0;
        for (int i = 0; i < expected.Labels.Length; i++)
        {
            (int e, int a) = (expected.Labels[i], actual.Labels[i]);
            forth.TryAdd(e, a);
            back.TryAdd(a, e);
            different += forth[e] != a || back[a] != e ? 1 : 0;
        }

        Assert.AreEqual(0, different, $"of {expected.Labels.Length} pixels");
        Assert.IsTrue(!forth.TryGetValue(0, out int ground) || ground == 0);
    }

    private static Image Picture(int height, int width) => MicrographSimulator.Simulate(
        new MicrographOptions { Height = height, Width = width, Nuclei = height * width / 1800 }, 5).Image;

    private static Image Noise(int channels, int height, int width)
    {
        Image image = ImagePreparation.Blank(channels, height, width);
        uint state = 1;
        for (int i = 0; i < image.Pixels.Length; i++)
        {
            state = (state * 1664525) + 1013904223;
            image.Pixels[i] = state >> 16;
        }

        return image;
    }

    /// <summary>Touching cells whose flows point to their centres, with so much noise that paths part easily.</summary>
    private static Image NoisyFlows(int height, int width)
    {
        const int Pitch = 19;
        const float Noisiness = 6;
        Image outputs = ImagePreparation.Blank(3, height, width);
        Image noise = Noise(2, height, width);
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                (float dy, float dx) = ((Pitch / 2) - (y % Pitch), (Pitch / 2) - (x % Pitch));
                float length = Math.Max(1, MathF.Sqrt((dy * dy) + (dx * dx)));
                int at = (y * width) + x;
                outputs.Plane(0)[at] = (5 * dy / length) + (Noisiness * ((noise.Plane(0)[at] / 65536) - 0.5f));
                outputs.Plane(1)[at] = (5 * dx / length) + (Noisiness * ((noise.Plane(1)[at] / 65536) - 0.5f));
                outputs.Plane(2)[at] = 1;
            }
        }

        return outputs;
    }

    private static void Disc(Image image, int cy, int cx, int radius)
    {
        for (int y = cy - radius; y <= cy + radius; y++)
        {
            for (int x = cx - radius; x <= cx + radius; x++)
            {
                if (((y - cy) * (y - cy)) + ((x - cx) * (x - cx)) <= radius * radius)
                {
                    image.Pixels[(y * image.Width) + x] = 1;
                }
            }
        }
    }
}
