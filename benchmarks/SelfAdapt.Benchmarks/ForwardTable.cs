using System.Text.Json.Nodes;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Models.Cellpose;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Models.Torch;
using SelfAdapt.OnnxRuntime;

namespace SelfAdapt.Benchmarks;

/// <summary>Inference of the whole network against ONNX Runtime and torch.</summary>
internal static class ForwardTable
{
    private const double Goal = 0.5;

    // ONNX Runtime's threads burn about 30 ms each after a run; that is not to fall into the next one's time.
    private const int RestMilliseconds = 80;

    /// <summary>Writes the table.</summary>
    public static void Write(Bench bench)
    {
        bench.Report.Section("Forward", $"""
            Stored statistics, the image handed over and the output taken back. ONNX Runtime's CPU provider runs in this
            process ({OrtRuntime.Version}); torch in evaluation mode
            without gradients, in whichever memory format was faster in three rounds before; libtorch is the one of
            TorchSharp, in fp32 and with weights and activations in BF16. Errors: largest difference from ours in units
            of the largest value.
            """);
        bench.Report.Table(
            1, "threads", "batch", "ours ms", "GFLOP/s", "ONNX Runtime ms", "torch ms", "format",
            "ours / ONNX Runtime", "ours / torch", "libtorch ms", "ours / libtorch", "libtorch BF16 ms",
            "ours / libtorch BF16", "error ORT", "error torch", "error libtorch", "error BF16");
        double? worst = null;
        OnnxModel model = CellposeGraphBuilder.Build(TorchCheckpoint.Load(bench.CheckpointFile));
        foreach (int threads in bench.Settings.ThreadCounts)
        {
            foreach (int batch in (int[])[1, 8])
            {
                double? ratio = Row(bench, model, threads, batch);
                worst = ratio is null ? worst : Math.Max(ratio.Value, worst ?? 0);
            }
        }

        bench.Report.Verdict("ours / ONNX Runtime, every row", worst, Goal);
    }

    private static double? Row(Bench bench, OnnxModel model, int threads, int batch)
    {
        int size = bench.Settings.Size;
        Network network = Network.Read(model);
        using CpuBackend backend = new(threads);
        using NetworkWeights weights = new(network, backend);
        using TrainableGraph graph = new(network, weights, backend, batch, size, size, GraphMode.Inference);
        float[] x = Inputs.Noise(graph.Input.Length, 1);
        float[] y = new float[graph.Output.Length];
        void Ours()
        {
            graph.Input.Upload(x);
            graph.Forward();
            graph.Output.Download(y);
        }

        using OrtSession session = new(model.Bytes, new OrtOptions(Threads: threads));
        float[] ortOutput = [];
        long[] shape = [batch, network.InputChannels, size, size];
        void Ort() => ortOutput = session.Run(x, shape, network.OutputName)[0];

        JsonObject arguments = new() { ["state"] = bench.CheckpointFile, ["batch"] = batch, ["size"] = size };
        using PeerCase? torch = PeerCase.Of(bench.Torch, "forward", arguments);
        using PeerCase? libTorch = PeerCase.Of(bench.LibTorch, "forward", arguments);
        arguments["precision"] = "bf16";
        using PeerCase? bf16 = PeerCase.Of(bench.LibTorch, "forward", arguments);
        Func<double> ours = Stopwatches.Ours(Ours);
        Rounds rounds = Stopwatches.Alternate(
            bench.Settings.Rounds, ours, WithRest(Stopwatches.Ours(Ort)),
            torch?.Fastest("", threads), libTorch?.Fastest("", threads), bf16?.Fastest("", threads));
        double? Difference(PeerCase? peer) => peer is null ? null : Inputs.Error(peer.Result("", threads), y);
        bench.Report.Row(
            Bench.Threads(threads), batch, rounds.Median(0),
            CellposeShapes.ForwardFlops(batch, size) / 1e6 / rounds.Median(0), rounds.Median(1), rounds.Median(2),
            torch?.Format, rounds.Ratio(0, 1), rounds.Ratio(0, 2),
            rounds.Median(3), rounds.Ratio(0, 3), rounds.Median(4), rounds.Ratio(0, 4),
            Inputs.Error(ortOutput, y), Difference(torch), Difference(libTorch), Difference(bf16));
        return rounds.Ratio(0, 1);
    }

    private static Func<double> WithRest(Func<double> run) => () =>
    {
        double milliseconds = run();
        Thread.Sleep(RestMilliseconds);
        return milliseconds;
    };
}
