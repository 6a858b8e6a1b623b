using System.Text.Json;
using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Learning;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Files.Npy;
using SelfAdapt.Models.Cellpose;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Torch;

namespace SelfAdapt.Tests.Engine.Autodiff;

/// <summary>Traces of Cellpose 3.1's own trainer, and of SelfAdapt in plain torch, on a real network.</summary>
[TestClass]
internal sealed class CellposeTraceTests
{
    private const int Batch = 4;
    private const int Size = 96;

    [TestMethod]
    [DataRow(true, 1e-3, 3e-3)]
    [DataRow(false, 5e-3, 6e-3)]
    public void Train_TenSteps_FollowsCellposesTrace(
        bool exact, double gradientTolerance, double outputTolerance)
    {
        using CpuBackend backend = new(2, exact);
        CheckTraining(backend, gradientTolerance, outputTolerance);
    }

    [TestMethod]
    public void SelfTraining_ThreeSteps_FollowsTheTorchTrace()
    {
        using CpuBackend backend = new(2);
        CheckSelfTraining(backend);
    }

    /// <summary>Ten supervised steps as Cellpose's own trainer takes them.</summary>
    internal static void CheckTraining(Backend backend, double gradientTolerance, double outputTolerance)
    {
        using JsonDocument trace = Json("train_trace.json");
        Network network = RealNetwork();
        using NetworkWeights weights = new(network, backend);
        using TrainableGraph graph = new(network, weights, backend, Batch, Size, Size, GraphMode.Training);
        using DeviceVector cell = backend.CreateVector(Batch * Size * Size);
        using DeviceVector flow = backend.CreateVector(2 * Batch * Size * Size);
        using DeviceVector sums = backend.CreateVector(3);
        using DeviceVector m = backend.CreateVector(network.ParameterCount);
        using DeviceVector v = backend.CreateVector(network.ParameterCount);
        using DeviceVector optimizerSums = backend.CreateVector(2);
        graph.Input.Upload(Npy("train_x.npy"));
        UploadTargets(Npy("train_cell_flowy_flowx.npy"), cell, flow);

        double[] expected = [.. trace.RootElement.GetProperty("losses").EnumerateArray().Select(e => e.GetDouble())];
        for (int step = 1; step <= expected.Length; step++)
        {
            graph.Forward(NormStatistics.BatchAndUpdate, 0.05f);
            backend.Steps.SupervisedLoss(
                graph.Output, graph.OutputShape, network.Outputs.Meanings, cell, flow, 5f,
                graph.OutputGradient!, sums);
            graph.Backward();
            if (step == 1)
            {
                CheckGradients(trace, network, graph, gradientTolerance);
            }

            backend.Steps.OptimizerStep(
                new OptimizerVectors(weights.Parameters, graph.ParameterGradients!, m, v, null, null),
                new OptimizerStepOptions(step, 1e-4f, 1e-5f, 0.9f, 0.999f, 1e-8f, 0, false, 1), optimizerSums);
            weights.MarkChanged();
            double tolerance = step == 1 ? 1e-5 : 1e-3;
            Assert.AreEqual(expected[step - 1], First(sums, 3)[2], expected[step - 1] * tolerance, $"step {step}");
        }

        using TrainableGraph evaluation = new(network, weights, backend, Batch, Size, Size, GraphMode.Inference);
        evaluation.Input.Upload(Npy("train_x.npy"));
        evaluation.Forward();
        float[] y = First(evaluation.Output, evaluation.Output.Length);
        // Entries whose gradient is zero in exact arithmetic take full-sized AdamW steps from rounding noise, other ones
        // in every implementation (docs/cellpose.md 1.4): after ten steps the outputs differ by 1.5e-3 of their range,
        // with Winograd's algorithm by 3.5e-3.
        AssertClose(Npy("train_output_after_10.npy"), y, outputTolerance, "output after ten steps");
    }

    /// <summary>Three steps of SelfAdapt as plain torch takes them.</summary>
    internal static void CheckSelfTraining(Backend backend)
    {
        using JsonDocument trace = Json("selfadapt_trace.json");
        Network network = RealNetwork();
        AdaptationOptions options = new()
        {
            BatchSize = Batch,
            Views = 6,
            Crop = Size,
            StudentNorm = StudentNorm.Batch,
            NormUpdate = NormUpdate.Strong,
            TeacherNorm = TeacherNorm.Ema,
        };
        using AdaptationStep training = new(network, backend, options);
        float[] weak = Npy("train_x.npy");
        float[] strong = Npy("selfadapt_strong_inputs.npy");
        int step = 0;
        foreach (JsonElement expected in trace.RootElement.GetProperty("steps").EnumerateArray())
        {
            StepPoint point = training.Step(weak, strong.AsSpan(step * weak.Length, weak.Length), 1e-4);
            if (step == 0)
            {
                AssertClose(
                    Npy("selfadapt_teacher_mean.npy"), training.Mean, 1e-4, "mean");
                CheckDeviation(training);
            }

            CheckStep(expected, point, step);
            step++;
        }

        Assert.AreEqual(3, step);
        using TrainableGraph teacher =
            new(network, training.Teacher, backend, Batch, Size, Size, GraphMode.Inference);
        teacher.Input.Upload(weak);
        teacher.Forward();
        AssertClose(
            Npy("selfadapt_teacher_output_after_3.npy"), First(teacher.Output, teacher.Output.Length), 1e-4, "teacher");
    }

    private static void CheckStep(JsonElement expected, StepPoint point, int step)
    {
        double tolerance = step == 0 ? 1e-4 : 1e-3;
        void Near(double value, double actual, string what) =>
            Assert.AreEqual(value, actual, (tolerance * Math.Abs(value)) + 1e-9, $"{what}, step {step + 1}");
        double Number(string name) => expected.GetProperty(name).GetDouble();
        double Item(string name, int i) => expected.GetProperty(name)[i].GetDouble();
        Near(Number("ce"), point.CrossEntropy, "cross-entropy");
        Near(Number("mse"), point.SquaredError, "MSE");
        Near(Number("loss"), point.Loss, "loss");
        Near(Number("grad_l2"), point.GradientNorm, "gradient norm");

        Near(Number("l2sp_sum"), point.L2Sp, "L2-SP");
        ReadOnlySpan<float> thresholds = point.Thresholds.Span;
        Near(Item("regression_thresholds", 0), thresholds[0], "dY threshold");
        Near(Item("regression_thresholds", 1), thresholds[2], "dX threshold");
        Near(Item("class_thresholds_background_cell", 0), thresholds[4], "background threshold");
        Near(Item("class_thresholds_background_cell", 1), thresholds[5], "cell threshold");
        Assert.AreEqual(Item("kept_regression", 0), point.Kept.Span[0], 1e-3);
        Assert.AreEqual(Item("kept_regression", 1), point.Kept.Span[1], 1e-3);
        Assert.AreEqual(Number("kept_class"), point.Kept.Span[2], 1e-3);
    }

    private static void CheckDeviation(AdaptationStep training)
    {
        // The trace holds the two flow channels; ours has the logit's deviation behind them.
        float[] all = training.Deviation;
        int plane = Size * Size;
        float[] flows = [.. Enumerable.Range(0, Batch).SelectMany(n => all.AsSpan(n * 3 * plane, 2 * plane).ToArray())];
        AssertClose(Npy("selfadapt_teacher_std.npy"), flows, 1e-4, "deviation");
    }

    private static void CheckGradients(
        JsonDocument trace, Network network, TrainableGraph graph, double tolerance)
    {
        float[] gradients = First(graph.ParameterGradients!, network.ParameterCount);
        Dictionary<string, NetworkTensor> byName = network.Parameters.ToDictionary(p => p.Name);
        int compared = 0;
        foreach (JsonProperty entry in
            trace.RootElement.GetProperty("grad_l2_and_first_element_at_step_1").EnumerateObject())
        {
            NetworkTensor tensor = byName[entry.Name];
            double norm = entry.Value[0].GetDouble();
            double actual = Math.Sqrt(
                gradients.AsSpan(tensor.Offset, tensor.Length).ToArray().Sum(g => (double)g * g));
            if (IsZeroInExactArithmetic(entry.Name))
            {
                Assert.AreEqual(0, actual, 2e-4, entry.Name);
                continue;
            }

            Assert.AreEqual(norm, actual, norm * tolerance, entry.Name);
            compared++;
        }

        Assert.IsTrue(compared > 100, $"only {compared} tensors were compared");
    }

    /// <summary>
    /// In training mode batch normalisation removes batch means, so what only shifts them has no gradient
    /// (docs/cellpose.md 1.4): every convolution bias, style bias and projection shift but those named there.
    /// </summary>
    private static bool IsZeroInExactArithmetic(string name)
    {
        bool shift = name.EndsWith("full.bias", StringComparison.Ordinal)
            || name.EndsWith("proj.0.bias", StringComparison.Ordinal)
            || (name.EndsWith(".bias", StringComparison.Ordinal)
                && (name.EndsWith(".2.bias", StringComparison.Ordinal)
                    || name.EndsWith("proj.1.bias", StringComparison.Ordinal)));
        bool seenByStyle = name.Contains("res_down_3", StringComparison.Ordinal)
            && (name.Contains("conv_1", StringComparison.Ordinal) || name.Contains("conv_3", StringComparison.Ordinal)
                || name.Contains("proj", StringComparison.Ordinal));
        return shift && name != "output.2.bias" && !seenByStyle;
    }

    private static void UploadTargets(float[] planes, DeviceVector cell, DeviceVector flow)
    {
        int plane = Size * Size;
        for (int n = 0; n < Batch; n++)
        {
            cell.Upload(planes.AsSpan(n * 3 * plane, plane), n * plane);
            flow.Upload(planes.AsSpan(((n * 3) + 1) * plane, 2 * plane), n * 2 * plane);
        }
    }

    /// <summary>Largest difference relative to the largest expected value.</summary>
    private static void AssertClose(float[] expected, float[] actual, double tolerance, string what)
    {
        Assert.AreEqual(expected.Length, actual.Length, what);
        double largest = expected.Max(v => Math.Abs((double)v));
        double worst = expected.Zip(actual, (a, b) => Math.Abs((double)a - b)).Max();
        Assert.IsTrue(worst <= tolerance * largest, $"{what}: differs by {worst} of {largest}");
    }

    private static float[] First(DeviceVector vector, int count)
    {
        float[] values = new float[count];
        vector.Download(values);
        return values;
    }

    private static Network RealNetwork() => Network.Read(CellposeGraphBuilder.Build(
        TorchCheckpoint.Load(SharedData.Path("models", "cellpose_nuclei_dsb", "nuclei_dsb"))));

    private static JsonDocument Json(string name) =>
        JsonDocument.Parse(File.ReadAllText(SharedData.Path("golden", "cellpose_run", name)));

    private static float[] Npy(string name) =>
        NpyFile.Read(SharedData.Path("golden", "cellpose_run", name)).ToFloats();
}
