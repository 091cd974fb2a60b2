"""Architectures for pictures, layer for layer as `keras.applications` has them, and U-Net.

Names are those of Keras's own models, so that its weight files fit.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.project import Project
from engine.templates import densenet, inception, mobilenet, resnet, vgg
from engine.templates.build import Build
from engine.templates.template import Template, architecture
from engine.templates.unet import unet

_GROUP = "Pictures"


def _classifier(body: Callable[[Build], str], *, pooling: str = "avg_pool") -> Callable[[], Project]:
    """A project of a network for the 1,000 classes of ImageNet."""

    def make() -> Project:
        net = Build()
        x = body(net)
        if pooling:
            x = net("GlobalAveragePooling2D", x, name=pooling)
        x = net("Dense", x, units=1000, activation="softmax", name="predictions")
        net("Output", x)
        return architecture(net.graph)

    return make


def _unet() -> Project:
    net = Build()
    unet(net)
    return architecture(net.graph)


PICTURES: tuple[Template, ...] = tuple(
    Template(name, title, description, make, _GROUP)
    for name, title, description, make in (
        ("vgg16", "VGG16", "Stacked 3 × 3 convolutions, 2014.", _classifier(vgg.vgg16, pooling="")),
        ("vgg19", "VGG19", "The deeper VGG.", _classifier(vgg.vgg19, pooling="")),
        ("resnet50", "ResNet50", "Residual blocks, 2015.", _classifier(resnet.resnet50)),
        ("resnet101", "ResNet101", "Residual blocks, 101 layers deep.", _classifier(resnet.resnet101)),
        ("resnet152", "ResNet152", "Residual blocks, 152 layers deep.", _classifier(resnet.resnet152)),
        ("inception-v3", "Inception V3", "Kernels of several sizes side by side, 2015.",
         _classifier(inception.inception_v3)),
        ("xception", "Xception", "Separable convolutions, 2016.", _classifier(inception.xception)),
        ("mobilenet-v2", "MobileNet V2", "Small and quick: inverted residuals, 2018.",
         _classifier(mobilenet.mobilenet_v2, pooling="global_average_pooling2d")),
        ("densenet121", "DenseNet121", "Every layer sees all before it, 2016.", _classifier(densenet.densenet121)),
        ("unet", "U-Net", "Marks what belongs to an object, pixel by pixel, 2015.", _unet),
    )
)  # fmt: skip
