using System.Text.Json.Nodes;
using SelfAdapt.Benchmarks;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SelfAdapt.TorchSharpPeer;

/// <summary>What the peer times: a convolution or the whole network forward, or a training step.</summary>
internal sealed class PeerCase
{
    private readonly Func<Tensor> _run;

    /// <summary>Prepares it.</summary>
    /// <param name="kind">convolution, forward or step.</param>
    /// <param name="format">default or channels_last.</param>
    /// <param name="arguments">As peers/cases.py has them.</param>
    public PeerCase(string kind, string format, JsonNode arguments)
    {
        bool channelsLast = format == "channels_last";
        ScalarType type = (string?)arguments["precision"] == "bf16" ? ScalarType.BFloat16 : ScalarType.Float32;
        int Number(string name) => (int)arguments[name]!;
        Tensor Values(uint seed, params long[] shape) =>
            PeerNetwork.Layout(Noise(seed, shape), channelsLast).to(type);
        (int batch, int size) = (Number("batch"), Number("size"));
        if (kind == "convolution")
        {
            (int inputs, int outputs, int kernel) = (Number("inputs"), Number("outputs"), Number("kernel"));
            Tensor map = Values(1, batch, inputs, size, size);
            Tensor weight = Values(2, outputs, inputs, kernel, kernel);
            _run = WithoutGradients(() => functional.conv2d(map, weight, padding: [kernel / 2, kernel / 2]));
            return;
        }

        bool training = kind == "step";
        PeerNetwork network = new((string)arguments["state"]!, channelsLast, type, training);
        Tensor x = Values(1, batch, 2, size, size);
        _run = training
            ? Step(network, x, (double)arguments["learning_rate"]!, (double)arguments["weight_decay"]!)
            : WithoutGradients(() => network.Forward(x));
    }

    /// <summary>Runs once: the output, or the loss.</summary>
    public Tensor Run()
    {
        using DisposeScope scope = NewDisposeScope();
        return _run().MoveToOuterDisposeScope();
    }

    private static Tensor Noise(uint seed, params long[] shape)
    {
        long count = 1;
        Array.ForEach(shape, side => count *= side);
        return tensor(Inputs.Noise(count, seed)).reshape(shape);
    }

    private static Func<Tensor> WithoutGradients(Func<Tensor> run) => () =>
    {
        using IDisposable _ = no_grad();
        return run();
    };

    private static Func<Tensor> Step(PeerNetwork network, Tensor x, double learningRate, double weightDecay)
    {
        (long batch, long size) = (x.shape[0], x.shape[3]);
        Tensor cell = (Noise(2, batch, size, size) > 0).to(ScalarType.Float32);
        Tensor flow = 5 * Noise(3, batch, 2, size, size);
        optim.Optimizer optimizer = optim.AdamW(
            network.Parameters, lr: learningRate, weight_decay: weightDecay);
        return () =>
        {
            optimizer.zero_grad();
            Tensor y = network.Forward(x);
            Tensor loss = (0.5 * functional.mse_loss(y.narrow(1, 0, 2), flow))
                + functional.binary_cross_entropy_with_logits(y.select(1, 2), cell);
            loss.backward();
            optimizer.step();
            return loss.detach();
        };
    }
}
