using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using SelfAdapt.Adaptation;
using SelfAdapt.Autodiff;
using SelfAdapt.Compute.Cpu;
using SelfAdapt.Imaging;
using SelfAdapt.Onnx;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Study;

/// <summary>
/// Runs one adaptation and prints one CSV row per evaluation: what the label-free signals said, and what the AP
/// was. Usage: MODEL DATA_FOLDER TARGET name=value ... with the names of AdaptationOptions' properties, DiamMean,
/// Threads and Csv (a file to append to).
/// </summary>
internal static class Program
{
    private const string Header =
        "model,target,settings,iteration,ap50,fn_rate,d_emb,mean_confidence,view_variance,cells,seconds";

    private static int Main(string[] args)
    {
        if (args.Length < 3)
        {
            Console.Error.WriteLine("usage: MODEL DATA_FOLDER TARGET [name=value ...]");
            Console.Error.WriteLine($"targets: {string.Join(", ", Targets.Names)}");
            return 2;
        }

        Dictionary<string, string> settings = args.Skip(3).Select(a => a.Split('=', 2))
            .ToDictionary(p => p[0], p => p[1], StringComparer.OrdinalIgnoreCase);
        string Take(string name, string otherwise) =>
            settings.Remove(name, out string? value) ? value : otherwise;
        double diamMean = double.Parse(Take("DiamMean", "17"), CultureInfo.InvariantCulture);
        int threads = int.Parse(Take("Threads", "0"), CultureInfo.InvariantCulture);
        string csv = Take("Csv", "");
        AdaptationOptions options = Options(settings);

        Target target = Targets.Load(args[2], args[1]);
        Network network = NetworkImporter.Import(LoadModel(args[0]));
        using CpuBackend backend = new(threads);
        SegmentationOptions segmentation = new()
        {
            Diameter = target.Diameter,
            DiamMean = diamMean,
            Invert = target.Invert,
        };
        using Adapter adapter = new(network, backend, options, segmentation);
        (IReadOnlyList<NamedImage> training, IReadOnlyList<NamedImage> validation) =
            Adapter.Split(target.Adaptation, options);
        string label = $"{Path.GetFileNameWithoutExtension(args[0])},{args[2]},{string.Join(' ', args.Skip(3)
            .Where(a => !a.StartsWith("Csv", StringComparison.OrdinalIgnoreCase)))}";
        Printer printer = new(label, csv);
        AdaptationResult result = adapter.Run(
            training, validation, target.Judged, printer, CancellationToken.None);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"# {label}: start {result.Evaluations[0].Ap50:F3}, kept {result.KeptPoint.Ap50:F3} at "
            + $"{result.KeptPoint.Iteration}, best {result.Evaluations.Max(e => e.Ap50):F3}, "
            + $"{result.Reason}, {result.Seconds:F0} s"));
        return 0;
    }

    private static OnnxModel LoadModel(string path)
    {
        byte[] head = new byte[8];
        using (FileStream stream = File.OpenRead(path))
        {
            stream.ReadExactly(head);
        }

        return TorchCheckpoint.LooksLikeOne(head)
            ? CellposeGraphBuilder.Build(TorchCheckpoint.Load(path))
            : OnnxModel.Load(path);
    }

    private static AdaptationOptions Options(Dictionary<string, string> settings)
    {
        AdaptationOptions options = new();
        foreach ((string name, string value) in settings)
        {
            System.Reflection.PropertyInfo property = typeof(AdaptationOptions).GetProperties()
                .FirstOrDefault(p => p.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                ?? throw new ArgumentException($"AdaptationOptions has no property {name}.");
            object parsed = property.PropertyType.IsEnum
                ? Enum.Parse(property.PropertyType, value, true)
                : Convert.ChangeType(value, property.PropertyType, CultureInfo.InvariantCulture);
            property.SetValue(options, parsed);
        }

        return options;
    }

    /// <summary>Prints evaluations as CSV rows, to the console and to a file.</summary>
    private sealed class Printer(string label, string csv) : IAdaptationObserver
    {
        private double _seconds;

        public void OnStep(StepPoint point) => _seconds = point.Seconds;

        public void OnEvaluation(EvaluationPoint point, StopDecision decision, WeightSnapshot weights)
        {
            string row = string.Create(CultureInfo.InvariantCulture,
                $"{label},{point.Iteration},{point.Ap50:F4},{point.FnRate:F4},{point.EmbeddingDistance:F4},"
                + $"{point.MeanConfidence:F4},{point.ViewVariance:F4},{point.Cells},{_seconds:F0}");
            Console.WriteLine(row);
            if (csv.Length > 0)
            {
                File.AppendAllText(csv, (File.Exists(csv) ? "" : Header + "\n") + row + "\n");
            }
        }
    }
}
