using SelfAdapt.Adaptation.Supervised;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Models.Cellpose;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Models.Torch;

namespace SelfAdapt.Study;

/// <summary>A source network.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Network">The network.</param>
/// <param name="DiamMean">The diameter its objects are scaled to, px.</param>
internal sealed record Source(string Name, Network Network, double DiamMean);

/// <summary>The source networks.</summary>
internal static class Sources
{
    /// <summary>The embedded one, fine-tuned on a few images of cells in four styles.</summary>
    public const string Cells = "cells_small";

    private const double NucleiDiameter = 17;
    private const double CellsDiameter = 24;

    /// <summary>Loads a source; the fine-tuned one is made at the first call and kept in the cache folder.</summary>
    public static Source Load(string name, string repository, string shared, string cache) => name switch
    {
        "nuclei_small" => new Source(name, Small(repository), NucleiDiameter),
        "nuclei_dsb" => new Source(
            name,
            Network.Read(CellposeGraphBuilder.Build(TorchCheckpoint.Load(
                Path.Combine(shared, "models", "cellpose_nuclei_dsb", "nuclei_dsb")))),
            NucleiDiameter),
        Cells => new Source(name, FineTuned(repository, shared, cache), CellsDiameter),
        _ => throw new ArgumentException($"There is no source '{name}'."),
    };

    private static Network Small(string repository) =>
        Network.Read(OnnxModel.Load(Path.Combine(repository, "models", "nuclei_small.onnx")));

    private static Network FineTuned(string repository, string shared, string cache)
    {
        string path = Path.Combine(cache, Cells + ".onnx");
        if (!File.Exists(path))
        {
            OnnxModel start = OnnxModel.Load(Path.Combine(repository, "models", "nuclei_small.onnx"));
            Network network = Network.Read(start);
            using CpuBackend backend = new(0);
            using Trainer trainer = new(network, backend, new TrainerOptions { Epochs = 100, LearningRate = 0.001 });
            TrainingSetOptions options = new()
            {
                Channels = new(2, 1),
                DiamMean = CellsDiameter,
                CropSize = 128,
                ImagesPerEpoch = 24,
            };
            TrainingSet set = TrainingSet.Create(
                Targets.CellsToTrainOn(Path.Combine(shared, "data")), options, network.InputChannels);
            trainer.Train(
                set, null, e => Console.Error.WriteLine($"{Cells}: epoch {e.Epoch}, loss {e.Loss:F4}"), CancellationToken.None);
            IReadOnlyDictionary<string, float[]> weights = trainer.Weights.Download().ByName(network);
            Directory.CreateDirectory(cache);
            start.WithWeights(weights).Save(path);
        }

        return Network.Read(OnnxModel.Load(path));
    }
}
