using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Finding;
using SelfAdapt.Adaptation.Learning;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Metrics;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Study;

/// <summary>
/// A long run without any rule: at looks that lie ever further apart, AP with labels, and what the network finds in unlabeled
/// images and in changed copies of them, kept as files, so that rules can be tried on it afterwards.
/// </summary>
/// <param name="run">Source, target, settings, seed.</param>
/// <param name="folder">Where weights and masks go.</param>
internal sealed class Trajectory(StudyRun run, string folder)
{
    /// <summary>The columns.</summary>
    public const string Header =
        "source,target,settings,seed,iteration,ap50,ap75,cells,true_cells,seconds";

    private const int HeldOut = 6;
    private const int LearntFrom = 6;
    private const int LargestPart = 200;
    private const int MostJudged = 10;
    private const int LeastJudged = 500;
    private const int JudgedDiameters = 9;

    /// <summary>Goes through to the end.</summary>
    /// <returns>One row per look.</returns>
    public string Execute(Source source, Target target, AdaptationOptions start, int steps, int threads)
    {
        AdaptationOptions options = Settings.Apply(start, run.Settings) with { Seed = (ulong)run.Seed };
        SegmentationOptions segmentation = new()
        {
            Diameter = target.Diameter,
            DiamMean = source.DiamMean,
            Invert = target.Invert,
            Channels = target.Channels,
            Threads = threads,
        };
        using CpuBackend backend = new(threads);
        using AdaptationStep training = new(source.Network, backend, options);
        using EngineNetwork student = new(training.Student, backend);
        (IReadOnlyList<NamedImage> learnt, IReadOnlyList<NamedImage> held) = Split(target.Adaptation, run.Seed);
        NamedImage[] looked = [.. Looked(learnt, held, segmentation.Rescale)];
        int side = Math.Max(LeastJudged, (int)(JudgedDiameters * target.Diameter));
        LabelledImage[] judged =
        [
            .. target.Judged.Take(MostJudged).Select(j => new LabelledImage(
                ImagePreparation.Middle(j.Image, side), Middle(j.Masks, side), j.Name))
        ];
        RandomStream random = new(options.Seed);
        RandomStream cropRandom = random.Substream("crops");
        RandomStream augmentationRandom = random.Substream("strong augmentation");
        CropSampler sampler = new(
            [.. learnt.Select(i => ImagePreparation.Prepare(i.Image, segmentation, source.Network.InputChannels, i.Name))],
            options);
        StrongAugmenter augmenter = new(options);
        WarmupCosine schedule = new(options);
        float[] weak = new float[options.BatchSize * sampler.Length];
        StrongAugmentation[] augmentations = new StrongAugmentation[options.BatchSize];
        Directory.CreateDirectory(folder);
        StringBuilder rows = new();
        Stopwatch watch = new();
        Look(0);
        foreach (int look in Looks(steps))
        {
            watch.Start();
            while (training.Steps < look)
            {
                sampler.Sample(cropRandom, weak);
                augmenter.Draw(augmentationRandom, augmentations);
                training.Step(weak, augmentations, schedule.At(training.Steps + 1));
            }

            watch.Stop();
            Look(look);
        }

        return rows.ToString();

        void Look(int iteration)
        {
            (double ap50, double ap75, int cells) = Judge(new Segmenter(student, segmentation));
            rows.Append(CultureInfo.InvariantCulture,
                $"{run.Key},{iteration},{ap50:0.####},{ap75:0.####},{cells},{judged.Sum(j => CellGeometry.Count(j.Masks))},")
                .Append(CultureInfo.InvariantCulture, $"{watch.Elapsed.TotalSeconds:0}\n");
            Write(Path.Combine(folder, $"{iteration}.masks"), new Segmenter(student, segmentation), source.Network.Outputs);
            WeightSnapshot weights = training.Student.Download();
            using BinaryWriter writer = new(File.Create(Path.Combine(folder, $"{iteration}.weights")));
            writer.Write(MemoryMarshal.AsBytes(weights.Parameters.AsSpan()));
            writer.Write(MemoryMarshal.AsBytes(weights.Statistics.AsSpan()));
            Console.Error.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{run.Key} {iteration}: {ap50:0.000} {ap75:0.000} {cells}"));
        }

        (double Ap50, double Ap75, int Cells) Judge(Segmenter segmenter)
        {
            (double sum50, double sum75, int cells) = (0, 0, 0);
            foreach (LabelledImage one in judged)
            {
                LabelImage masks = segmenter.Segment(one.Image, one.Name).Masks;
                sum50 += InstanceMatching.Match(one.Masks, masks, 0.5).AveragePrecision;
                sum75 += InstanceMatching.Match(one.Masks, masks, 0.75).AveragePrecision;
                cells += CellGeometry.Count(masks);
            }

            return (sum50 / judged.Length, sum75 / judged.Length, cells);
        }

        void Write(string path, Segmenter segmenter, OutputDescription outputs)
        {
            using BinaryWriter writer = new(File.Create(path));
            for (int i = 0; i < looked.Length; i++)
            {
                SegmentationResult plain = segmenter.Segment(looked[i].Image, looked[i].Name);
                LabelImage[] copies =
                [
                    plain.Masks,
                    segmenter.Segment(SizeFinder.WithNoise(looked[i].Image, (ulong)i), looked[i].Name).Masks,
                    Mirrored(segmenter.Segment(Mirrored(looked[i].Image), looked[i].Name).Masks),
                ];
                writer.Write(i < Math.Min(HeldOut, held.Count) ? 1 : 0);
                writer.Write(plain.Masks.Height);
                writer.Write(plain.Masks.Width);
                foreach (LabelImage masks in copies)
                {
                    writer.Write(MemoryMarshal.AsBytes(
                        Array.ConvertAll(masks.Labels, l => (ushort)l).AsSpan()));
                }

                double[] errors = outputs.Parts.FirstOrDefault(p => p.Kind == OutputKind.VectorField) is { } flow
                    && plain.Outputs.Height == plain.Masks.Height
                    ? [.. MaskFlows.Errors(
                        plain.Masks, LabelRegions.Find(plain.Masks, plain.Masks.Labels.Max()), plain.Outputs, flow.Channel,
                        outputs.FlowScale, segmentation.Threads)]
                    : [];
                writer.Write(errors.Length);
                writer.Write(MemoryMarshal.AsBytes(errors.AsSpan()));
            }
        }
    }

    /// <summary>Writes the images that were looked at, for measures that need them.</summary>
    public void WriteImages(Source source, Target target)
    {
        (IReadOnlyList<NamedImage> learnt, IReadOnlyList<NamedImage> held) = Split(target.Adaptation, run.Seed);
        using BinaryWriter writer = new(File.Create(Path.Combine(folder, "images")));
        writer.Write(target.Diameter);
        foreach (Image part in Looked(learnt, held, source.DiamMean / target.Diameter).Select(i => i.Image))
        {
            writer.Write(part.Channels);
            writer.Write(part.Height);
            writer.Write(part.Width);
            writer.Write(MemoryMarshal.AsBytes(part.Pixels.AsSpan()));
        }
    }

    /// <summary>The middle parts of the images that networks are asked about, those held out first.</summary>
    private static IEnumerable<NamedImage> Looked(
        IReadOnlyList<NamedImage> learnt, IReadOnlyList<NamedImage> held, double rescale) =>
        held.Take(HeldOut).Concat(learnt.Take(LearntFrom)).Select(
            i => i with { Image = ImagePreparation.Middle(i.Image, (int)Math.Ceiling(LargestPart / rescale)) });

    /// <summary>A random eighth of the images or so is kept from training, to see whether it judges otherwise.</summary>
    private static (IReadOnlyList<NamedImage> Learnt, IReadOnlyList<NamedImage> Held) Split(
        IReadOnlyList<NamedImage> images, int seed)
    {
        RandomStream random = new RandomStream((ulong)seed).Substream("validation");
        NamedImage[] shuffled = [.. images];
        for (int i = shuffled.Length - 1; i > 0; i--)
        {
            int j = random.NextIndex(i + 1);
            (shuffled[i], shuffled[j]) = (shuffled[j], shuffled[i]);
        }

        int count = Math.Max(1, Math.Min(2 + HeldOut, images.Count / 3));
        return (shuffled[count..], shuffled[..count]);
    }

    private static IEnumerable<int> Looks(int steps)
    {
        for (int look = 10; look <= steps; look *= 2)
        {
            yield return look;
            if (look >= 160 && look + (look / 2) <= steps)
            {
                yield return look + (look / 2);
            }
        }
    }

    private static LabelImage Middle(LabelImage masks, int side)
    {
        (int height, int width) = (Math.Min(side, masks.Height), Math.Min(side, masks.Width));
        (int top, int left) = ((masks.Height - height) / 2, (masks.Width - width) / 2);
        return new LabelImage(height, width, [.. Enumerable.Range(0, height).SelectMany(
            y => masks.Labels.Skip(((top + y) * masks.Width) + left).Take(width))]);
    }

    private static Image Mirrored(Image image)
    {
        float[] pixels = [.. image.Pixels];
        Flip(pixels, image.Width);
        return new Image(image.Channels, image.Height, image.Width, pixels);
    }

    private static LabelImage Mirrored(LabelImage masks)
    {
        int[] labels = [.. masks.Labels];
        Flip(labels, masks.Width);
        return new LabelImage(masks.Height, masks.Width, labels);
    }

    private static void Flip<T>(T[] pixels, int width)
    {
        for (int row = 0; row < pixels.Length; row += width)
        {
            Array.Reverse(pixels, row, width);
        }
    }
}
