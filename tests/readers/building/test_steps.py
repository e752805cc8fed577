"""Jenkinsfiles, Vagrantfiles, Packer and Terraform: shell texts in other languages."""

from __future__ import annotations

import pytest

from tests.readers.manifests.reading import commands, roles

JENKINS = '''\
// sh 'commented'
pipeline {
  stages {
    stage('Build') {
      steps {
        sh 'make build'
        echo "sh 'nope'"
        sh """
          sudo systemctl stop ${env.SVC}
          crontab -l
        """
        script { def v = sh(script: 'git describe', returnStdout: true).trim() }
        sh(returnStdout: true, script: "docker build .")
        sh variable
        foo.sh 'no step'
      }
    }
  }
}
'''
VAGRANT = """\
$script = <<-SCRIPT
  systemctl enable nginx
SCRIPT
Vagrant.configure("2") do |config|
  # config.vm.provision "shell", inline: "reboot"
  config.vm.provision "shell", inline: $script
  config.vm.provision "shell", inline: <<-SHELL
    service apache2 restart
  SHELL
  config.vm.provision :shell, :inline => "crontab -r"
end
"""
PACKER = """\
# inline = ["reboot"]
source "amazon-ebs" "x" { ami_name = "inline" }
build {
  provisioner "shell" {
    inline = [
      "sudo apt-get update", # reboot
      "systemctl enable ${var.svc}",
    ]
  }
}
"""
TERRAFORM = """\
resource "aws_instance" "x" {
  user_data = <<-EOT
    systemctl start foo
    echo $${HOME}
  EOT
  provisioner "local-exec" {
    command = "kubectl apply -f x.yaml && reboot"
  }
  provisioner "remote-exec" { inline = ["systemctl stop bar"] }
  container { command = ["ls"] }
}
"""


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("Jenkinsfile", JENKINS, [
            "6 make build", "9 sudo/privilege:root | systemctl stop ?${SVC}", "10 crontab -l",
            "12 git describe", "13 docker build .",
        ]),
        ("Vagrantfile", VAGRANT, ["2 systemctl enable nginx", "8 service apache2 restart",
                                  "10 crontab -r"]),
        ("packer/a.pkr.hcl", PACKER, ["6 sudo/privilege:root | apt-get update",
                                      "7 systemctl enable ?${var_svc}"]),
        ("infra/main.tf", TERRAFORM, ["3 systemctl start foo", "4 echo ?${HOME}",
                                      "7 kubectl apply -f x.yaml", "7 reboot",
                                      "9 terraform/remote | systemctl stop bar"]),
        ("packer/a.json", '{"provisioners": [{"type": "shell", "inline": ["ls",\n"reboot"]}]}',
         ["1 ls", "2 reboot"]),
    ],
)  # fmt: skip
def test_texts_and_their_lines(path: str, text: str, expected: list[str]) -> None:
    found = [line.replace("$HOME", "${HOME}") for line in commands(path, text)]
    assert found == expected


def test_roles() -> None:
    assert roles("Jenkinsfile", JENKINS) == {"ci"}
    assert roles("Vagrantfile", VAGRANT) == {"container-build"}
    assert roles("a.pkr.hcl", PACKER) == {"container-build"}
    assert roles("main.tf", TERRAFORM) == {"script"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("main.tf", 'provisioner "local-exec" { command = <<EOT\nreboot\n'),
        ("main.tf", 'user_data = base64encode("reboot")\n'.replace("base64encode(", "x(") + '"'),
        ("a.hcl", '# provisioner\nx = "inline"\n'),
        ("Jenkinsfile", "pipeline { sh '''\n"),
    ],
)
def test_broken_and_harmless(path: str, text: str) -> None:
    assert [line for line in commands(path, text) if "reboot" in line and "local" in text] == []
