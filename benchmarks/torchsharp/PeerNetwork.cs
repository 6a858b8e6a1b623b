using SelfAdapt.Models.Onnx;
using SelfAdapt.Models.Torch;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SelfAdapt.TorchSharpPeer;

/// <summary>Cellpose's residual U-Net with style vector in libtorch, tensors named as in Cellpose's own files.</summary>
internal sealed class PeerNetwork
{
    private const int Levels = 4;
    private const double Momentum = 0.05;
    private const double Epsilon = 1e-5;

    private readonly Dictionary<string, Tensor> _tensors = [];
    private readonly bool _training;

    /// <summary>Loads a checkpoint file.</summary>
    /// <param name="checkpoint">The file.</param>
    /// <param name="channelsLast">Whether convolutions' weights lie with their channels last.</param>
    /// <param name="type">Number type of all tensors.</param>
    /// <param name="training">Statistics of the batch and gradients, else neither.</param>
    public PeerNetwork(string checkpoint, bool channelsLast, ScalarType type, bool training)
    {
        _training = training;
        foreach (OnnxTensor stored in TorchCheckpoint.Load(checkpoint).Tensors)
        {
            if (!stored.Name.StartsWith("diam_", System.StringComparison.Ordinal)
                && OnnxDataTypes.IsFloating(stored.DataType))
            {
                Tensor values = Layout(tensor(stored.ToFloats()).reshape([.. stored.Dims]), channelsLast).to(type);
                bool trained = training && !stored.Name.Contains(".running_", System.StringComparison.Ordinal);
                _tensors[stored.Name] = trained ? new Parameter(values) : values;
            }
        }
    }

    /// <summary>What an optimiser trains.</summary>
    public IEnumerable<Parameter> Parameters => _tensors.Values.OfType<Parameter>();

    /// <summary>The same values, channels last or not.</summary>
    public static Tensor Layout(Tensor x, bool channelsLast) => channelsLast && x.Dimensions == 4
        ? x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
        : x;

    /// <summary>Maps [N,2,H,W] to [N,3,H,W].</summary>
    public Tensor Forward(Tensor x)
    {
        List<Tensor> skips = [];
        for (int level = 0; level < Levels; level++)
        {
            skips.Add(Encode(level == 0 ? x : functional.max_pool2d(skips[^1], 2), $"downsample.down.res_down_{level}"));
        }

        Tensor pooled = skips[^1].mean([2, 3]);
        Tensor style = pooled / pooled.square().sum(1, keepdim: true).sqrt();
        Tensor y = skips[^1];
        for (int level = Levels - 1; level >= 0; level--)
        {
            y = level == Levels - 1
                ? y
                : functional.interpolate(y, scale_factor: [2, 2], mode: InterpolationMode.Nearest);
            y = Decode(y, skips[level], style, $"upsample.up.res_up_{level}");
        }

        return Unit(y, "output");
    }

    private Tensor Encode(Tensor x, string name)
    {
        Tensor middle = Project(x, name) + Unit(Unit(x, $"{name}.conv.conv_0"), $"{name}.conv.conv_1");
        return middle + Unit(Unit(middle, $"{name}.conv.conv_2"), $"{name}.conv.conv_3");
    }

    private Tensor Decode(Tensor x, Tensor skip, Tensor style, string name)
    {
        Tensor middle = Project(x, name)
            + Styled(Unit(x, $"{name}.conv.conv_0") + skip, style, $"{name}.conv.conv_1");
        return middle
            + Styled(Styled(middle, style, $"{name}.conv.conv_2"), style, $"{name}.conv.conv_3");
    }

    private Tensor Styled(Tensor x, Tensor style, string name)
    {
        Tensor bias = functional.linear(style, _tensors[$"{name}.full.weight"], _tensors[$"{name}.full.bias"]);
        return Unit(x + bias.unsqueeze(2).unsqueeze(3), $"{name}.conv");
    }

    private Tensor Project(Tensor x, string name) =>
        Convolve(Normalize(x, $"{name}.proj.0"), $"{name}.proj.1");

    private Tensor Unit(Tensor x, string name) =>
        Convolve(functional.relu(Normalize(x, $"{name}.0"), inplace: true), $"{name}.2");

    private Tensor Normalize(Tensor x, string name) => functional.batch_norm(
        x, _tensors[$"{name}.running_mean"], _tensors[$"{name}.running_var"], _tensors[$"{name}.weight"],
        _tensors[$"{name}.bias"], _training, Momentum, Epsilon);

    private Tensor Convolve(Tensor x, string name)
    {
        Tensor weight = _tensors[$"{name}.weight"];
        long padding = weight.shape[3] / 2;
        return functional.conv2d(x, weight, _tensors[$"{name}.bias"], padding: [padding, padding]);
    }
}
