using System.Diagnostics;
using System.Globalization;
using SelfAdapt.Adaptation.Learning;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Gpu;
using SelfAdapt.Models.Graph;
using SelfAdapt.OnnxRuntime;
using SelfAdapt.Tool.Models;

namespace SelfAdapt.Tool.Engines;

/// <summary>Chooses what runs the teacher: as asked for, else by a trial of both engines on this machine.</summary>
internal static class TeacherChoice
{
    // ONNX Runtime must be clearly faster: the same command is to take the same engine the next time, too, as the
    // two differ in their last digits.
    private const double Clearly = 0.8;

    private const int TrialRuns = 3;

    /// <summary>What makes the teacher's engine; null for the built-in one.</summary>
    /// <param name="log">Told which engine it is, and why.</param>
    /// <param name="network">The same, as the engine takes it.</param>
    /// <param name="request">What the user asked for.</param>
    /// <param name="backend">Where the student learns.</param>
    /// <param name="crop">Side of a crop, px.</param>
    /// <exception cref="SelfAdaptException">
    /// DeviceMissing: ONNX Runtime was asked for and can't be loaded. ModelUnsupported: it was asked for and can't run
    /// crops of that size.
    /// </exception>
    public static Func<NetworkWeights, ITeacherEngine>? For(
        TextWriter log, ModelFile model, Network network, EngineRequest request, Backend backend, int batch, int crop)
    {
        OrtOptions options = backend is GpuBackend && request.Device.Kind != DeviceKind.OpenCl
            ? new(OrtDevice.Cuda, request.Device.Index)
            : new(Threads: request.Threads);
        switch (request.Kind)
        {
            case EngineKind.Ort:
                InferenceEngine.RequireOrt();
                InferenceEngine.RequireFreeSizes(model);
                return _ => Ort(batch);
            case EngineKind.Builtin:
                return null;
        }

        bool preferred = Prefers(log, model, network, backend, crop, () => Ort(1));
        if (!backend.Ranks.Any(!preferred))
        {
            return _ => Ort(batch);
        }

        if (preferred)
        {
            log.WriteLine("teacher: the built-in engine all the same, as not all processes found the other one faster");
        }

        return null;

        HostTeacher Ort(int crops) => new(
            new RefreshableOrtNetwork(model.Onnx, network, options),
            network.ParameterCount + network.StatisticsCount, crops, crop);
    }

    /// <summary>Whether ONNX Runtime is there and clearly faster.</summary>
    private static bool Prefers(
        TextWriter log, ModelFile model, Network network, Backend backend, int crop, Func<ITeacherEngine> open)
    {
        if (backend is GpuBackend)
        {
            log.WriteLine("teacher: the built-in engine, as its weights then stay on the GPU");
            return false;
        }

        if (OrtRuntime.Missing is { } reason)
        {
            log.WriteLine($"teacher: the built-in engine, as there is no other here: {reason}");
            return false;
        }

        try
        {
            InferenceEngine.RequireFreeSizes(model);
            (double builtin, double ort) = Trial(network, backend, crop, open);
            bool takeOrt = ort < Clearly * builtin;
            log.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"teacher: {(takeOrt ? "ONNX Runtime" : "the built-in engine")}, after a trial on one crop: built-in "
                + $"{builtin:0} ms, ONNX Runtime {ort:0} ms"));
            return takeOrt;
        }
        catch (SelfAdaptException e)
        {
            log.WriteLine($"teacher: the built-in engine, as ONNX Runtime can't be it: {e.Message}");
            return false;
        }
    }

    /// <summary>Milliseconds of the fastest run of each engine, new weights handed over before each as in a run.</summary>
    private static (double Builtin, double Ort) Trial(
        Network network, Backend backend, int crop, Func<ITeacherEngine> ort)
    {
        using NetworkWeights weights = new(network, backend);
        using DeviceVector input = backend.CreateVector(network.InputChannels * crop * crop);
        using DeviceVector output = backend.CreateVector(network.Outputs.Channels * crop * crop);
        using ITeacherEngine builtin = new BuiltinTeacher(weights, backend, 1, crop);
        using ITeacherEngine other = ort();
        return (Fastest(builtin), Fastest(other));

        double Fastest(ITeacherEngine engine)
        {
            double fastest = double.PositiveInfinity;
            for (int i = 0; i <= TrialRuns; i++)
            {
                long start = Stopwatch.GetTimestamp();
                engine.Refresh(weights);
                engine.Run(input, output);
                fastest = Math.Min(fastest, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }

            return fastest;
        }
    }
}
