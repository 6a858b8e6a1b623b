using System;
using System.Numerics;
using SelfAdapt.Compute;

namespace SelfAdapt.Tests.Compute;

/// <summary>The host's vector ops alone, without a network's.</summary>
internal sealed class VectorBackend<T> : HostBackend<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public override string Name => "vectors";

    public override DeviceTensor CreateTensor(
        TensorShape shape) =>
        throw new NotSupportedException();

    public override Convolution CreateConvolution(
        int inputs, int outputs, int kernel) =>
        throw new NotSupportedException();

    public override void Import(
        DeviceVector source, DeviceTensor target) =>
        throw new NotSupportedException();

    public override void Export(
        DeviceTensor source, DeviceVector target) =>
        throw new NotSupportedException();

    public override void Copy(
        DeviceTensor source, DeviceTensor target, bool accumulate) =>
        throw new NotSupportedException();

    public override void Add(
        DeviceTensor a, DeviceTensor b, DeviceTensor y) =>
        throw new NotSupportedException();

    public override void AddPerChannel(
        DeviceTensor x, DeviceTensor s, DeviceTensor y) =>
        throw new NotSupportedException();

    public override void AddPerChannelBackward(
        DeviceTensor dy, DeviceTensor ds, bool accumulate) =>
        throw new NotSupportedException();

    public override void Relu(
        DeviceTensor x, DeviceTensor y) =>
        throw new NotSupportedException();

    public override void ReluBackward(
        DeviceTensor y, DeviceTensor dy, DeviceTensor dx, bool accumulate) =>
        throw new NotSupportedException();

    public override void MaxPool(
        DeviceTensor x, DeviceTensor y) =>
        throw new NotSupportedException();

    public override void MaxPoolBackward(
        DeviceTensor x, DeviceTensor dy, DeviceTensor dx, bool accumulate) =>
        throw new NotSupportedException();

    public override void Upsample(
        DeviceTensor x, DeviceTensor y, UpsampleMode mode) =>
        throw new NotSupportedException();

    public override void UpsampleBackward(
        DeviceTensor dy, DeviceTensor dx, UpsampleMode mode, bool accumulate) =>
        throw new NotSupportedException();

    public override void CopyToChannels(
        DeviceTensor x, DeviceTensor y, int channel) =>
        throw new NotSupportedException();

    public override void CopyFromChannels(
        DeviceTensor dy, int channel, DeviceTensor dx, bool accumulate) =>
        throw new NotSupportedException();

    public override void GlobalAveragePool(
        DeviceTensor x, DeviceTensor y) =>
        throw new NotSupportedException();

    public override void GlobalAveragePoolBackward(
        DeviceTensor dy, DeviceTensor dx, bool accumulate) =>
        throw new NotSupportedException();

    public override void L2Normalize(
        DeviceTensor x, DeviceTensor y) =>
        throw new NotSupportedException();

    public override void L2NormalizeBackward(
        DeviceTensor x, DeviceTensor y, DeviceTensor dy, DeviceTensor dx, bool accumulate) =>
        throw new NotSupportedException();

    public override void Linear(
        DeviceTensor x, VectorSlice weight, VectorSlice bias, DeviceTensor y) =>
        throw new NotSupportedException();

    public override void LinearBackward(
        DeviceTensor x, VectorSlice weight, DeviceTensor dy, DeviceTensor? dx, bool accumulate, VectorSlice dWeight, VectorSlice dBias) =>
        throw new NotSupportedException();

    public override void BatchNorm(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved, DeviceTensor y) =>
        throw new NotSupportedException();

    public override void BatchNormBackward(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved, DeviceTensor dy, DeviceTensor? dx, bool accumulate, VectorSlice dScale, VectorSlice dBias) =>
        throw new NotSupportedException();
}
